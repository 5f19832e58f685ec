// What C++ programs use of the system, by the library's own headers: streams, std::filesystem, clocks, randomness.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

static int list(const fs::path &directory) {
  std::vector<std::string> lines;
  for (const auto &entry : fs::recursive_directory_iterator(directory)) {
    std::ostringstream line;
    line << entry.path().lexically_relative(directory).string();
    if (entry.is_regular_file()) line << ' ' << entry.file_size();
    if (entry.is_symlink()) line << " -> " << fs::read_symlink(entry.path()).string();
    lines.push_back(line.str());
  }
  std::ranges::sort(lines);
  for (const auto &line : lines) std::cout << line << '\n';
  return 0;
}

static int make(const fs::path &directory) {
  fs::create_directories(directory / "deep/er");
  std::ofstream(directory / "deep/er/text.txt") << "one two two\n";
  fs::create_symlink("deep/er/text.txt", directory / "link");
  fs::rename(directory / "deep/er", directory / "deep/new");
  std::ofstream(directory / "deep/new/text.txt", std::ios::app) << "three\n";
  fs::resize_file(directory / "deep/new/text.txt", 12);
  std::error_code error;
  fs::remove(directory / "deep", error);
  std::cout << "remove of a full directory: " << error.message() << '\n';
  using namespace std::chrono_literals;
  const auto written = fs::last_write_time(directory / "deep/new/text.txt");
  fs::last_write_time(directory / "deep/new/text.txt", written - 1h);
  std::cout << "older: " << (fs::last_write_time(directory / "deep/new/text.txt") < written) << '\n';
  return 0;
}

static int count() {
  std::map<std::string, int> words;
  for (std::string word; std::cin >> word;) ++words[word];
  for (const auto &[word, times] : words) std::cout << word << ' ' << times << '\n';
  return 0;
}

int main(int argc, char **argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "count") return count();
  if (arguments.size() == 1 && arguments[0] == "random") {
    std::random_device device;
    return device() == device() && device() == device();
  }
  if (arguments.size() == 2 && arguments[0] == "make") return make(arguments[1]);
  if (arguments.size() == 2 && arguments[0] == "list") return list(arguments[1]);
  std::cerr << "usage: cpp-files count|random|make DIRECTORY|list DIRECTORY\n";
  return 2;
}
