//! Failures of a broken or hostile plugin. The host must end each of these events and answer 500.

/// Panics. In a component, a panic is a trap.
#[expect(clippy::panic, reason = "this route exists to trap")]
pub fn trap() -> ! {
    panic!("trapping, as asked")
}

/// Computes forever without calling the host.
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
