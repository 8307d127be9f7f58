/* Renames itself and makes system calls from a chain of functions that keep frame pointers, then a while of nothing, in which
 * the addresses can be looked up. `calls TOKEN`: the thread is called wTOKEN. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone))

static char name[16];

/* Its own frame, so that no function of the C library is one. */
FUNCTION long ask(long number)
{
	long result = number;
	__asm__ volatile("syscall" : "+a"(result) : "D"(PR_SET_NAME), "S"(name) : "rcx", "r11", "memory");
	return result;
}

FUNCTION long third(long number)
{
	return ask(number) + 1;
}

FUNCTION static long hidden(long number)
{
	return third(number) + 2;
}

FUNCTION long first(long number)
{
	return hidden(number) + 3;
}

FUNCTION long deep(int depth)
{
	return depth ? deep(depth - 1) + 1 : ask(SYS_getuid);
}

int main(int argc, char **argv)
{
	long sum = 0;

	snprintf(name, sizeof(name), "w%s", argv[1]);
	prctl(PR_SET_NAME, name);
	for (int i = 0; i < 3; i++)
		sum += first(SYS_prctl);
	sum += third(SYS_getpgrp);
	sum += deep(200);
	usleep(5000000);
	return sum == 0;
}
