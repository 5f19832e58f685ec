// Kernels that differ in what their loops and calls look like to the rewriter. Each takes how much to do and returns a
// checksum.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL(name) __attribute__((export_name(#name))) int32_t name(int32_t count)

static uint32_t next(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

static uint8_t composite[2000000];

KERNEL(sieve) {
  int32_t primes = 0;
  memset(composite, 0, count);
  for (int32_t i = 2; i < count; i++) {
    if (composite[i]) continue;
    primes++;
    for (int32_t j = i + i; j < count; j += i) composite[j] = 1;
  }
  return primes;
}

static float left[128][128], right[128][128], product[128][128];

KERNEL(matrix) {
  for (int i = 0; i < 128; i++)
    for (int j = 0; j < 128; j++) left[i][j] = (float)(i * j % 7), right[i][j] = (float)((i + j) % 5);
  for (int32_t round = 0; round < count; round++)
    for (int i = 0; i < 128; i++)
      for (int j = 0; j < 128; j++) {
        float sum = 0;
        for (int k = 0; k < 128; k++) sum += left[i][k] * right[k][j];
        product[i][j] = sum;
      }
  return (int32_t)product[5][9];
}

static int32_t fibonacci(int32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

KERNEL(fib) { return fibonacci(count); }

static uint32_t turn(uint32_t x, int by) { return x << by | x >> (32 - by); }

KERNEL(hash) {
  uint32_t a = 1, b = 2, c = 3, d = 4;
  for (int32_t i = 0; i < count; i++) {
    a += b, d = turn(d ^ a, 16);
    c += d, b = turn(b ^ c, 12);
    a += b, d = turn(d ^ a, 8);
    c += d, b = turn(b ^ c, 7);
  }
  return (int32_t)(a ^ b ^ c ^ d);
}

static int32_t numbers[300000];

static void quicksort(int32_t *list, int32_t length) {
  while (length > 16) {
    int32_t pivot = list[length / 2], i = 0, j = length - 1;
    for (;; i++, j--) {
      while (list[i] < pivot) i++;
      while (list[j] > pivot) j--;
      if (i >= j) break;
      int32_t other = list[i];
      list[i] = list[j];
      list[j] = other;
    }
    quicksort(list, i);
    list += i;
    length -= i;
  }
  for (int32_t i = 1; i < length; i++) {
    int32_t value = list[i], j = i;
    for (; j > 0 && list[j - 1] > value; j--) list[j] = list[j - 1];
    list[j] = value;
  }
}

static void shuffle(int32_t count) {
  uint32_t seed = 1;
  for (int32_t i = 0; i < count; i++) numbers[i] = (int32_t)next(&seed);
}

KERNEL(sort) {
  shuffle(count);
  quicksort(numbers, count);
  return numbers[count / 3];
}

static int compare(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

KERNEL(sort_by_function) {
  shuffle(count);
  qsort(numbers, count, sizeof *numbers, compare);
  return numbers[count / 3];
}

struct entry {
  struct entry *next;
  int32_t value;
  char key[12];
};
static struct entry *buckets[4096], pool[20000];

KERNEL(hash_table) {
  int32_t used = 0, sum = 0;
  memset(buckets, 0, sizeof buckets);
  for (int32_t round = 0; round < count; round++)
    for (int32_t i = 0; i < 20000; i++) {
      char key[12];
      int32_t number = i * 7919 % 20000, length = 0;
      do key[length++] = (char)('0' + number % 10);
      while (number /= 10);
      key[length] = 0;
      uint32_t hashed = 5381;
      for (const char *p = key; *p; p++) hashed = hashed * 33 ^ (uint8_t)*p;
      struct entry **bucket = &buckets[hashed & 4095], *found = *bucket;
      while (found && strcmp(found->key, key)) found = found->next;
      if (!found && used < 20000) {
        found = &pool[used++];
        strcpy(found->key, key);
        found->value = 0;
        found->next = *bucket;
        *bucket = found;
      }
      if (found) sum += ++found->value;
    }
  return sum;
}

// A JSON parser by recursive descent over a global position.
static const char *at;
static char document[200000];
static double value(void);

static void blanks(void) {
  while (*at == ' ') at++;
}

static double object(void) {
  double sum = 0;
  at++, blanks();
  while (*at != '}') {
    at++;
    while (*at != '"') at++;
    at++, blanks(), at++, blanks();
    sum += value();
    blanks();
    if (*at == ',') at++, blanks();
  }
  at++;
  return sum;
}

static double list(void) {
  double sum = 0;
  at++, blanks();
  while (*at != ']') {
    sum += value();
    blanks();
    if (*at == ',') at++, blanks();
  }
  at++;
  return sum;
}

static double value(void) {
  if (*at == '{') return object();
  if (*at == '[') return list();
  if (*at == '"') {
    int32_t length = 0;
    for (at++; *at != '"'; at++) length++;
    at++;
    return length;
  }
  double number = 0;
  while (*at >= '0' && *at <= '9') number = number * 10 + *at++ - '0';
  if (*at == '.') {
    double scale = .1;
    for (at++; *at >= '0' && *at <= '9'; scale /= 10) number += scale * (*at++ - '0');
  }
  return number;
}

KERNEL(json) {
  static const char item[] = "{\"id\": 12345, \"name\": \"some name here\", \"tags\": [\"a\", \"bc\", \"def\"], "
                             "\"at\": {\"x\": 1.25, \"y\": 77}},";
  char *end = document;
  *end++ = '[';
  for (int i = 0; i < 1500; i++) end = strcpy(end, item) + strlen(item);
  end[-1] = ']';
  *end = 0;
  double sum = 0;
  for (int32_t i = 0; i < count; i++) at = document, sum += value();
  return (int32_t)sum;
}

// Pike's matcher of regular expressions, which goes back and forth.
static int match_here(const char *pattern, const char *text);

static int match_star(char c, const char *pattern, const char *text) {
  do
    if (match_here(pattern, text)) return 1;
  while (*text && (*text++ == c || c == '.'));
  return 0;
}

static int match_here(const char *pattern, const char *text) {
  if (!*pattern) return 1;
  if (pattern[1] == '*') return match_star(pattern[0], pattern + 2, text);
  if (*pattern == '$' && !pattern[1]) return !*text;
  return *text && (*pattern == '.' || *pattern == *text) && match_here(pattern + 1, text + 1);
}

KERNEL(regex) {
  static char text[2001];
  for (int i = 0; i < 2000; i++) text[i] = "abcabdabeabf"[i % 12];
  int32_t found = 0;
  for (int32_t i = 0; i < count; i++)
    for (const char *p = text; p < text + 60; p++) found += match_here("ab.*c.*f$x*z", p) + match_here("a*b.d", p);
  return found;
}

static int32_t place(int32_t all, int32_t columns, int32_t down, int32_t up) {
  if (columns == all) return 1;
  int32_t ways = 0;
  for (int32_t free = all & ~(columns | down | up); free; free &= free - 1) {
    int32_t bit = free & -free;
    ways += place(all, columns | bit, (down | bit) << 1, (up | bit) >> 1);
  }
  return ways;
}

KERNEL(queens) { return place((1 << count) - 1, 0, 0, 0); }

KERNEL(mandelbrot) {
  int32_t sum = 0;
  for (int32_t y = 0; y < count; y++)
    for (int32_t x = 0; x < count; x++) {
      double a = 0, b = 0, re = x * 3.0 / count - 2, im = y * 2.0 / count - 1;
      for (int i = 0; i < 200 && a * a + b * b < 4; i++, sum++) {
        double squared = a * a - b * b + re;
        b = 2 * a * b + im;
        a = squared;
      }
    }
  return sum;
}

static char bytes[100000];

KERNEL(move) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    memmove(bytes + (i & 63), bytes + 7, 100 + (i & 255));
    sum += bytes[i & 1023];
  }
  return sum;
}

static int32_t slots[64];

__attribute__((noinline)) static int32_t mix(int32_t a, int32_t b) { return (a ^ b) + (a >> 3); }

KERNEL(interpreter) {
  static const uint8_t code[] = {0, 1, 0, 2, 1, 3, 2, 0, 5, 4, 1, 6, 7};
  int32_t value = 0, top = 0;
  for (int pc = 0;;) switch (code[pc++]) {
      case 0: slots[top++] = value; break;
      case 1: value += 3; break;
      case 2: value = value * 31 + 1; break;
      case 3: value ^= slots[top - 1]; break;
      case 4: value -= top; break;
      case 5: value = mix(value, count); break;
      case 6: top = 0; break;
      default:
        if (--count <= 0) return value;
        pc = 0;
    }
}

static double position[5][3], velocity[5][3];

KERNEL(bodies) {
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 3; k++) position[i][k] = i * 3 + k * k + 1, velocity[i][k] = .01 * (i - k);
  for (int32_t step = 0; step < count; step++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double distance = .01, delta[3];
        for (int k = 0; k < 3; k++) delta[k] = position[i][k] - position[j][k], distance += delta[k] * delta[k];
        double force = .001 / (distance * __builtin_sqrt(distance));
        for (int k = 0; k < 3; k++) velocity[i][k] -= delta[k] * force, velocity[j][k] += delta[k] * force;
      }
    for (int i = 0; i < 5; i++)
      for (int k = 0; k < 3; k++) position[i][k] += .001 * velocity[i][k];
  }
  return (int32_t)(position[0][0] * 1e6);
}

KERNEL(linked_list) {
  int32_t sum = 0;
  for (int32_t i = 0; i < 20000; i++) pool[i].next = &pool[(i * 7919 + 1) % 20000], pool[i].value = i;
  for (int32_t round = 0; round < count; round++) {
    struct entry *entry = pool;
    for (int32_t i = 0; i < 20000; i++, entry = entry->next) sum += entry->value;
  }
  return sum;
}
