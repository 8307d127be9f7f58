/* A library and, with -DPROGRAM, a program that loads it and then executes itself anew, with the
 * library elsewhere. argv: the library; whatever follows: it is the second one.
 */
#ifdef PROGRAM
#include <dlfcn.h>
#include <unistd.h>

int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  int (*outer)(int) = library ? dlsym(library, "outer") : 0;
  if (!outer) return 1;
  outer(argc);
  if (argc == 2) execl(argv[0], argv[0], argv[1], "again", (char *)0);
  return 0;
}
#else
#include <sys/sdt.h>

int value;
static volatile unsigned short small = 7;

__attribute__((noipa)) int inner(int n) { return n + small; }

/* ends in a jump to inner: both return at once */
__attribute__((noipa)) int outer(int n) {
  value = n * 100;
  STAP_PROBE1(library, called, n);
  return inner(n);
}
#endif
