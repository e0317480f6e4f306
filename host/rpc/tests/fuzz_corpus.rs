//! Runs the functions of all fuzz targets over the committed corpus, with a stable compiler. `fuzz/README.md`
//! describes the targets and the corpus.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "an allocator cannot be written otherwise, and a test that goes wrong should stop"
)]

mod counting;
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use counting::counted_work;

/// The memory that one input may need: buffers and windows of the connection, and a multiple of its bytes.
const FLOOR: usize = 8 << 20;
const MULTIPLE: usize = 64;
/// The maximum size of the whole corpus.
const CORPUS: u64 = 1_500_000;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// This is a single test because panics in tasks are counted for the whole process.
#[test]
fn every_input_of_the_corpus_is_handled_safely() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        hook(panic);
    }));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut folders: Vec<_> = names(&corpus);
    folders.sort();
    let mut known: Vec<_> = targets::TARGETS.map(|(name, _)| name).to_vec();
    known.sort_unstable();
    assert_eq!(folders, known, "each target has a corpus");
    let mut sum = 0;
    for (name, target) in targets::TARGETS {
        let files = names(&corpus.join(name));
        assert!(files.len() >= 10, "{name}: {} files", files.len());
        for file in &files {
            let bytes = fs::read(corpus.join(name).join(file)).unwrap();
            sum += bytes.len() as u64;
            let (held, ()) = counted_work(|| target(&bytes));
            let most = FLOOR + MULTIPLE * bytes.len();
            assert_eq!(PANICS.load(Ordering::SeqCst), 0, "{name}/{file} panics");
            assert!(held.peak <= most, "{name}/{file}: {} bytes", held.peak);
            assert!(
                held.left <= 64 * 1024,
                "{name}/{file}: {} bytes are left",
                held.left
            );
        }
        println!("{name}: {} inputs", files.len());
    }
    assert!(sum <= CORPUS, "the corpus has {sum} bytes");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
