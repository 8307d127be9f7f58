"""What a traced event costs in the kernel: ns and verified instructions, tracer beside tracer."""
