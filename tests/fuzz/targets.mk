# FUZZ_<x> := the module that tests/fuzz/fuzz_<x>.c tests.
