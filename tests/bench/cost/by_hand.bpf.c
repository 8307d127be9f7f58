/* The cases of cases.py as libbpf's tools would have them: each under the name of its case. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAX_STRLEN 1024

char LICENSE[] SEC("license") = "GPL";

/* Contexts as tracefs describes them; their layout is this kernel's. */
struct syscall_enter { unsigned long common; long id; unsigned long args[6]; };
struct set_state {
	unsigned long common; const void *sk; int oldstate; int newstate;
	unsigned short sport, dport, family, protocol;
	unsigned char saddr[4], daddr[4], saddr_v6[16], daddr_v6[16];
};

#define RING struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16 << 20); }
#define MAP(KEY, VALUE) struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); \
	__type(key, KEY); __type(value, VALUE); }
#define PERCPU(KEY, VALUE) struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); \
	__uint(max_entries, 4096); __type(key, KEY); __type(value, VALUE); }

RING ring SEC(".maps");
PERCPU(unsigned int, unsigned long) counts SEC(".maps");
MAP(unsigned int, unsigned long) starts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1);
	__type(key, unsigned int); __type(value, unsigned long[66]); } histogram SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 4096);
	__uint(key_size, 4); __uint(value_size, 127 * 8); } stacks SEC(".maps");
PERCPU(int, unsigned long) by_stack SEC(".maps");

static __always_inline void bump(void *map, void *key)
{
	unsigned long one = 1, *value = bpf_map_lookup_elem(map, key);

	if (value)
		*value += 1;
	else
		bpf_map_update_elem(map, key, &one, BPF_NOEXIST);
}

#ifdef COUNT_BY_PID
SEC("tracepoint/syscalls/sys_enter_getppid") int one(void *ctx)
{
	unsigned int pid = bpf_get_current_pid_tgid() >> 32;

	bump(&counts, &pid);
	return 0;
}
#endif

#ifdef LATENCY_HISTOGRAM
static __always_inline unsigned int log2_of(unsigned long value)
{
	unsigned int place = 0, shift;

	shift = (value > 0xFFFFFFFF) << 5; value >>= shift; place |= shift;
	shift = (value > 0xFFFF) << 4; value >>= shift; place |= shift;
	shift = (value > 0xFF) << 3; value >>= shift; place |= shift;
	shift = (value > 0xF) << 2; value >>= shift; place |= shift;
	shift = (value > 0x3) << 1; value >>= shift; place |= shift;
	return place | (value >> 1);
}

SEC("tracepoint/syscalls/sys_enter_getppid") int one(void *ctx)
{
	unsigned int tid = bpf_get_current_pid_tgid();
	unsigned long now = bpf_ktime_get_boot_ns();

	bpf_map_update_elem(&starts, &tid, &now, BPF_ANY);
	return 0;
}
SEC("tracepoint/syscalls/sys_exit_getppid") int two(void *ctx)
{
	unsigned int tid = bpf_get_current_pid_tgid(), zero = 0, bucket;
	unsigned long *start = bpf_map_lookup_elem(&starts, &tid), *buckets;

	if (!start)
		return 0;
	bucket = log2_of(bpf_ktime_get_boot_ns() - *start) + 1;
	bpf_map_delete_elem(&starts, &tid);
	buckets = bpf_map_lookup_elem(&histogram, &zero);
	if (buckets && bucket < 66)
		buckets[bucket] += 1;
	return 0;
}
#endif

#ifdef PRINTF
struct line { unsigned int pid, tid; char comm[16]; };
SEC("tracepoint/syscalls/sys_enter_getppid") int one(void *ctx)
{
	struct line *line = bpf_ringbuf_reserve(&ring, sizeof *line, 0);
	unsigned long both = bpf_get_current_pid_tgid();

	if (!line)
		return 0;
	line->pid = both >> 32;
	line->tid = both;
	bpf_get_current_comm(line->comm, sizeof line->comm);
	bpf_ringbuf_submit(line, 0);
	return 0;
}
#endif

#ifdef PRINTF_WITH_STR
SEC("tracepoint/syscalls/sys_enter_openat") int one(struct syscall_enter *ctx)
{
	char *text = bpf_ringbuf_reserve(&ring, MAX_STRLEN, 0);

	if (!text)
		return 0;
	bpf_probe_read_user_str(text, MAX_STRLEN, (void *)ctx->args[1]);
	bpf_ringbuf_submit(text, 0);
	return 0;
}
#endif

#if defined NTOP_V4 || defined NTOP_V6
struct inet { unsigned long family; unsigned char address[16]; };
SEC("tracepoint/sock/inet_sock_set_state") int one(struct set_state *ctx)
{
	struct inet *inet = bpf_ringbuf_reserve(&ring, sizeof *inet, 0);

	if (!inet)
		return 0;
#ifdef NTOP_V4
	inet->family = 2;
	__builtin_memset(inet->address + 4, 0, 12);
	__builtin_memcpy(inet->address, ctx->daddr, 4);
#else
	inet->family = 10;
	__builtin_memcpy(inet->address, ctx->daddr_v6, 16);
#endif
	bpf_ringbuf_submit(inet, 0);
	return 0;
}
#endif

#ifdef COUNT_BY_KSTACK
SEC("tracepoint/syscalls/sys_enter_getppid") int one(void *ctx)
{
	int id = bpf_get_stackid(ctx, &stacks, 0);

	if (id >= 0)
		bump(&by_stack, &id);
	return 0;
}
#endif
