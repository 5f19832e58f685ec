fn main() {
    // What is never called: Debian's wasi-libc has no pthread_join and pthread_detach, which std refers to.
    println!("cargo:rustc-link-arg=--unresolved-symbols=ignore-all");
}
