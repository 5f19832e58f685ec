// What `warren run` is tested with: does what its first argument says.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_raise"))) int proc_raise(int signal);

static int copy(void) {
  static char buffer[65536];
  ssize_t n;
  while ((n = read(0, buffer, sizeof buffer)) > 0)
    for (ssize_t done = 0; done < n;) {
      ssize_t wrote = write(1, buffer + done, n - done);
      if (wrote < 0) return 1;
      done += wrote;
    }
  return n < 0;
}

/** Prints each key by its number; ends with q. */
static int keys(void) {
  printf("terminal %d %d, %s x %s\n", isatty(0), isatty(1), getenv("COLUMNS"), getenv("LINES"));
  fflush(stdout);
  char key;
  while (read(0, &key, 1) == 1) {
    printf("<%d>", key);
    fflush(stdout);
    if (key == 'q') return 7;
  }
  return 1;
}

static int open_file(const char *path, int flags) {
  int fd = open(path, flags, 0644);
  if (fd < 0) {
    fprintf(stderr, "open: %s: %s\n", path, strerror(errno));
    return 1;
  }
  printf("%s: open\n", path);
  return close(fd);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  const char *value = argc > 2 ? argv[2] : "";
  if (strcmp(what, "copy") == 0) return copy();
  if (strcmp(what, "line") == 0) {
    char line[100];
    return fgets(line, sizeof line, stdin) == NULL || fputs(line, stdout) < 0;
  }
  if (strcmp(what, "keys") == 0) return keys();
  if (strcmp(what, "exit") == 0) return atoi(value);
  if (strcmp(what, "abort") == 0) abort();
  if (strcmp(what, "raise") == 0) return proc_raise(atoi(value));
  if (strcmp(what, "read") == 0) return open_file(value, O_RDONLY);
  if (strcmp(what, "write") == 0) return open_file(value, O_WRONLY | O_CREAT);
  if (strcmp(what, "env") == 0) {
    if (getenv(value) == NULL) {
      fprintf(stderr, "%s is not set\n", value);
      return 1;
    }
    return puts(getenv(value)) < 0;
  }
  if (strcmp(what, "allocate") == 0) {
    for (int i = 0; i < atoi(value); i++) {
      char *volatile block = malloc(1 << 20);
      if (block == NULL) {
        fprintf(stderr, "out of memory\n");
        return 1;
      }
      memset(block, 1, 1 << 20);
    }
    return puts("enough memory") < 0;
  }
  if (strcmp(what, "spin") == 0) {
    puts("spinning");
    fflush(stdout);
    for (volatile int i = 0;; i++) {}
  }
  if (strcmp(what, "forever") == 0)
    for (;;)
      if (puts("y") < 0) return 3;
  fprintf(stderr, "it is not known what to do\n");
  return 2;
}
