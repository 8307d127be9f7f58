/* A chain of functions without frame pointers: through the C library, a stack that grows by a number
 * and a handler of a signal, down to a system call. `frameless TOKEN`: the thread is called wTOKEN. */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone, optimize("omit-frame-pointer", "O2")))

static char name[16];
static volatile int kept;

FUNCTION long ask(long number)
{
	volatile char room[100];
	long result = number;

	room[number % 100] = 1;
	__asm__ volatile("syscall" : "+a"(result) : "D"(PR_SET_NAME), "S"(name) : "rcx", "r11", "memory");
	return result + room[number % 100];
}

FUNCTION long grown(long number)
{
	volatile char *room = alloca(number + 100);

	room[number] = 2;
	return ask(SYS_prctl) + room[number];
}

FUNCTION int compare(const void *one, const void *other)
{
	kept += grown(*(const int *)one);
	return *(const int *)one - *(const int *)other;
}

FUNCTION void handle(int number)
{
	kept += ask(SYS_getpgrp) + number;
}

FUNCTION int sorted(int first)
{
	int values[] = { first, 3 };

	qsort(values, 2, sizeof(int), compare);
	return values[0];
}

FUNCTION int signalled(void)
{
	signal(SIGUSR1, handle);
	return raise(SIGUSR1) + 1;
}

int main(int argc, char **argv)
{
	snprintf(name, sizeof(name), "w%s", argv[1]);
	prctl(PR_SET_NAME, name);
	kept += sorted(argc);
	kept += signalled();
	usleep(1500000);
	return kept == 0;
}
