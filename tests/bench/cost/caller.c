/* Makes one kind of call again and again, on one processor: caller CALL COUNT. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void connect_refused(int family)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(1) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(1) };
	int fd = socket(family, SOCK_STREAM, 0);

	inet_pton(AF_INET, "127.0.0.1", &four.sin_addr);
	inet_pton(AF_INET6, "::1", &six.sin6_addr);
	if (family == AF_INET)
		connect(fd, (struct sockaddr *)&four, sizeof four);
	else
		connect(fd, (struct sockaddr *)&six, sizeof six);
	close(fd);
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	long count;

	if (argc != 3)
		return 2;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof set, &set);
	for (count = atol(argv[2]); count > 0; count--) {
		if (!strcmp(argv[1], "getppid"))
			syscall(SYS_getppid);
		else if (!strcmp(argv[1], "openat"))
			syscall(SYS_openat, AT_FDCWD, "/usr/share/doc/no-such-file", O_RDONLY);
		else
			connect_refused(!strcmp(argv[1], "connect4") ? AF_INET : AF_INET6);
	}
	return 0;
}
