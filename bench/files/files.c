// What bench/files.ts times: the same source as a guest and natively. Prints lines of a name and nanoseconds for each operation.
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, LARGE = 1 << 20 };
static char buffer[LARGE];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void told(const char *name, double since, long count) {
  printf("%s %.1f\n", name, (now() - since) / (double)count);
}

static void check(int good, const char *what) {
  if (good) return;
  perror(what);
  exit(1);
}

// xorshift32: the same places in both.
static uint32_t state = 2463534242;
static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static void name_of(char *name, size_t size, const char *folder, long number) {
  snprintf(name, size, "%s/file-%ld", folder, number);
}

int main(int count, char **args) {
  check(count == 4, "files DIRECTORY MEGABYTES FILES");
  long megabytes = atol(args[2]), files = atol(args[3]);
  char name[256];
  double began;

  snprintf(name, sizeof name, "%s/large", args[1]);
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  check(fd >= 0, "open");
  memset(buffer, 'x', sizeof buffer);
  // Once before, so that neither is the one that makes the disk's blocks.
  for (long i = 0; i < megabytes; i++) check(write(fd, buffer, LARGE) == LARGE, "write");
  lseek(fd, 0, SEEK_SET);
  began = now();
  for (long i = 0; i < megabytes; i++) check(write(fd, buffer, LARGE) == LARGE, "write");
  told("write-1MiB", began, megabytes);
  lseek(fd, 0, SEEK_SET);
  began = now();
  for (long i = 0; i < megabytes; i++) check(read(fd, buffer, LARGE) == LARGE, "read");
  told("read-1MiB", began, megabytes);
  lseek(fd, 0, SEEK_SET);
  long blocks = megabytes * (LARGE / BLOCK);
  began = now();
  for (long i = 0; i < blocks; i++) check(read(fd, buffer, BLOCK) == BLOCK, "read");
  told("read-4KiB", began, blocks);
  began = now();
  for (long i = 0; i < blocks; i++) check(pread(fd, buffer, BLOCK, (off_t)(next() % blocks) * BLOCK) == BLOCK, "pread");
  told("pread-4KiB-random", began, blocks);
  began = now();
  for (long i = 0; i < blocks; i++) check(pwrite(fd, buffer, BLOCK, (off_t)(next() % blocks) * BLOCK) == BLOCK, "pwrite");
  told("pwrite-4KiB-random", began, blocks);
  close(fd);

  snprintf(name, sizeof name, "%s/many", args[1]);
  check(mkdir(name, 0755) == 0, "mkdir");
  char *many = strdup(name);
  began = now();
  for (long i = 0; i < files; i++) {
    name_of(name, sizeof name, many, i);
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    check(fd >= 0 && write(fd, buffer, 100) == 100 && close(fd) == 0, "create");
  }
  told("create-write-close", began, files);
  began = now();
  for (long i = 0; i < files; i++) {
    name_of(name, sizeof name, many, i);
    fd = open(name, O_RDONLY);
    check(fd >= 0 && read(fd, buffer, 4096) == 100 && close(fd) == 0, "open");
  }
  told("open-read-close", began, files);
  began = now();
  struct stat status;
  for (long i = 0; i < files; i++) {
    name_of(name, sizeof name, many, i);
    check(stat(name, &status) == 0 && status.st_size == 100, "stat");
  }
  told("stat", began, files);
  began = now();
  DIR *directory = opendir(many);
  long seen = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) seen += entry->d_name[0] != '.';
  closedir(directory);
  check(seen == files, "readdir");
  told("readdir", began, files);
  began = now();
  for (long i = 0; i < files; i++) {
    name_of(name, sizeof name, many, i);
    check(unlink(name) == 0, "unlink");
  }
  told("unlink", began, files);
  check(rmdir(many) == 0, "rmdir");
  return 0;
}
