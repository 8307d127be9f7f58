/* What scripts trace in C++: namespaces, methods, overloads, templates, references, inheritance. */
#include <string>

#define TRACED __attribute__((noipa))
#define BODY __asm__ volatile("" ::: "memory")

namespace app {
struct Base {
  int id = 7;
};

class Server : public Base {
public:
  TRACED int handle(int fd) {
    BODY;
    return fd + port;
  }
  TRACED int handle(const char *path, long size) {
    BODY;
    return (int)size;
  }
  TRACED int named(const std::string &name) {
    BODY;
    return (int)name.size();
  }
  TRACED int operator+(int n) const {
    BODY;
    return n;
  }
  TRACED ~Server() { BODY; }
  int port = 80;
};

template <typename T> TRACED T twice(T value) {
  BODY;
  return value + value;
}

TRACED int sum(const int &a, Server &server, int &&b) {
  BODY;
  return a + b + server.port;
}
} // namespace app

static TRACED int hidden(unsigned n) {
  BODY;
  return n;
}

int main() {
  app::Server server;
  server.handle(3);
  server.handle("path", 9);
  server.named("a name");
  server + 4;
  app::twice(21);
  app::twice(21L);
  int one = 1;
  app::sum(one, server, 2);
  return hidden(5) == 5 ? 0 : 1;
}
