// Writes the report on runs to standard output, for the tests in a browser.
//   report_page DOCUMENT...

#include <deja/app/load/report.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

int main(int argc, char** argv) {
  std::vector<std::string> documents;
  for (int at = 1; at < argc; ++at) {
    std::ifstream file{argv[at], std::ios::binary};
    documents.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  const auto page = deja::app::load::html_report(documents);
  if (!page) {
    std::cerr << to_string(page.error()) << '\n';
    return 1;
  }
  std::cout << *page;
}
