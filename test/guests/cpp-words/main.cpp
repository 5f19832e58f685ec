// What a C++ program needs of its library without exceptions: streams, containers, sorting, clocks, randomness.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

using Words = std::map<std::string, int>;

static bool read(const char *path, Words &words) {
  const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path, "r"), std::fclose);
  if (!file) return false;
  std::string word;
  for (int c; (c = std::fgetc(file.get())) != EOF || !word.empty();) {
    if (c != EOF && !std::isspace(c)) word += static_cast<char>(c);
    else if (!word.empty()) ++words[std::exchange(word, "")];
  }
  return true;
}

int main(int argc, char **argv) {
  const auto start = std::chrono::steady_clock::now();
  Words words;
  for (std::string word; argc < 2 && std::cin >> word;) ++words[word];
  for (int i = 1; i < argc; i++)
    if (!read(argv[i], words)) {
      std::cerr << "cannot read " << argv[i] << '\n';
      return 1;
    }
  std::vector<std::pair<std::string, int>> sorted(words.begin(), words.end());
  std::ranges::stable_sort(sorted, [](const auto &a, const auto &b) { return a.second > b.second; });
  for (const auto &[word, times] : sorted) std::cout << times << ' ' << word << '\n';
  std::random_device device;
  const bool distinct = device() != device() || device() != device();
  return distinct && std::chrono::steady_clock::now() >= start ? 0 : 3;
}
