//! What a broken or hostile plugin would do. The host has to cut each of these short and answer 500.

/// Panics, which a component can only do by trapping.
#[expect(clippy::panic, reason = "this route exists to trap")]
pub fn trap() -> ! {
    panic!("trapping, as asked")
}

/// Computes for ever without calling the host.
pub fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Allocates until the host refuses.
pub fn hoard() -> ! {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}
