/* Calls getppid(2), the cheapest system call with tracepoints, at a steady rate on one processor.
 *
 * producer CPU RATE SECONDS: RATE calls a second, 0 for as many as it can; prints how many it made, and in how
 * many nanoseconds.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 100000L /* the rate holds within each tenth of a millisecond */

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	long made = 0, start, end, at;
	double rate;

	if (argc != 4)
		return 2;
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[1]), &set);
	if (sched_setaffinity(0, sizeof set, &set))
		return 1;
	rate = atof(argv[2]);
	start = now();
	end = start + (long)(atof(argv[3]) * 1e9);
	while ((at = now()) < end) {
		long due = rate ? (long)((at - start + SLICE_NS) * rate / 1e9) : made + 1000;

		/* A tracer that holds the calls up must not make the run longer. */
		for (; made < due && (made % 256 || now() < end); made++)
			syscall(SYS_getppid);
		while (rate && now() < at + SLICE_NS)
			;
	}
	printf("%ld %ld\n", made, now() - start);
	return 0;
}
