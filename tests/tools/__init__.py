"""bpftrace's own tools: what our compiler makes of each, for every kernel of the tests."""
