/* What scripts trace in user space: functions with all kinds of parameters, and static probes.
 *
 * target [ROUNDS]: calls everything ROUNDS times, once if that is not given; 0: until it is killed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* static probes whose argument is worked out only where somebody traces them */
unsigned short target_counted_semaphore __attribute__((section(".probes")));
#define _SDT_HAS_SEMAPHORES 1
unsigned short target_call_semaphore __attribute__((section(".probes")));
unsigned short target_operands_semaphore __attribute__((section(".probes")));
unsigned short target_most_semaphore __attribute__((section(".probes")));
unsigned short other_call_semaphore __attribute__((section(".probes")));
#include <sys/sdt.h>

#define TRACED __attribute__((noipa))
#define BODY __asm__ volatile("" ::: "memory")

enum color { RED, GREEN = 5, BLUE };
typedef int number;
typedef unsigned char byte;

struct inner {
  int a;
  short b;
};

struct record {
  int x;
  char name[16];
  struct inner in;
  struct record *next;
  unsigned low : 3;
  unsigned high : 5;
  enum color color;
  byte raw[4];
  unsigned char letters[4];
  number typed;
  double real;
  int list[3];
  int grid[2][3];
  char *text;
  union {
    int one;
    long two;
  };
  const volatile long constant;
  void (*function)(void);
  _Bool yes;
};

struct small {
  int a, b;
};
struct large {
  long a, b, c;
};

static const char *text = "some text";
int global = 77;
static long table[4] = {1, 2, -3, 4};

TRACED int plain(int a, const char *s, long big) {
  BODY;
  return a + (int)big;
}

TRACED int widths(signed char c, short s, int i, unsigned u, _Bool yes, byte b) {
  BODY;
  return -1;
}

TRACED struct record *pointers(struct record *record, void *nothing, char **words, int *list) {
  BODY;
  return record;
}

TRACED unsigned long eight(long a, long b, long c, long d, long e, long f, short g, long h) {
  BODY;
  return 0xfedcba9876543210;
}

TRACED int floats(double d, int after, float f, char last) {
  BODY;
  return after;
}

TRACED int structs(struct small small, struct large large, int after) {
  BODY;
  return after;
}

TRACED struct large returns_large(int a) {
  struct large made = {a, 2, 3};
  BODY;
  return made;
}

TRACED enum color colors(enum color color) {
  BODY;
  return color;
}

TRACED static int inside(int i) {
  BODY;
  int twice = i * 2;
  BODY;
  return twice + 1;
}

TRACED void probes(long i, const char *s) {
  char c = -i;
  short h = i * 100;
  unsigned char u = 250 + i;
  volatile long local = i * 3;
  STAP_PROBE3(target, call, i, s, local);
  STAP_PROBE6(target, operands, i, c, h, u, 12345, s);
  STAP_PROBE6(target, operands, h, u, local, table[i & 3], global, -7);
  STAP_PROBE1(other, call, -i);
  STAP_PROBE12(target, most, i, 1, 2, 3, 4, 5, 6, 7, 8, 9, local, -11);
  if (target_counted_semaphore) STAP_PROBE1(target, counted, i);
}

static void call_all(int n) {
  struct record second = {.x = 7, .name = "second"};
  struct record first = {
      .x = 42, .name = "first", .in = {3, -4}, .next = &second, .low = 5, .high = 19,
      .color = BLUE, .raw = {1, 2, 3, 4}, .letters = "AB", .typed = -9, .real = 1.5,
      .list = {10, 20, 30}, .grid = {{1, 2, 3}, {4, 5, 6}}, .text = (char *)text, .two = -1,
      .constant = 99, .yes = 1,
  };
  char *words[] = {"one", "two", 0};
  static int list[] = {100, 200, -300};
  plain(-5, text, 1L << 40);
  widths(-1, -2, -3, 4000000000u, 1, 200);
  pointers(&first, (void *)0x1234, words, list);
  eight(1, 2, 3, 4, 5, 6, -7, 1234567890123);
  floats(2.5, 77, 0.5f, 'z');
  structs((struct small){1, 2}, (struct large){10, 20, 30}, 5);
  returns_large(11);
  colors(GREEN);
  inside(21);
  probes(n + 1, text);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  prctl(PR_SET_NAME, "traced");
  for (int n = 0; rounds == 0 || n < rounds; n++) {
    if (rounds != 1 && n) usleep(20000);
    call_all(n & 1);
  }
  return 0;
}
