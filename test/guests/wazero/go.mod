// Programs that other compilers made, which are among the tests of this module: TinyGo's, Zig's, zig cc's and cargo-wasi's.
module warren.dev/test/wazero

go 1.21

require github.com/tetratelabs/wazero v1.9.0
