/* Attaches a libbpf object and prints its events, as libbpf's own tools do: by_hand OBJECT. */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t over;

static void stop(int number)
{
	over = 1;
}

static int show(void *context, void *data, size_t size)
{
	printf("%zu %02x\n", size, *(unsigned char *)data);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	struct bpf_program *program;
	struct ring_buffer *ring;

	if (argc != 2 || !object || bpf_object__load(object))
		return 1;
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return 1;
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), show, NULL, NULL);
	signal(SIGINT, stop);
	while (ring && !over)
		ring_buffer__poll(ring, 100);
	return 0;
}
