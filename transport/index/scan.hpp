#pragma once

#include <deja/transport/index/decision.hpp>
#include <deja/transport/index/index.hpp>

namespace deja {

/// Gathers one page of a scan from rows that come in the order of their primary keys.
class page_scanner {
public:
  /// invalid_argument where the limit or the cursor is none.
  static result<page_scanner> start(const scan_filter& filter, const std::string& cursor);

  /// Where the last page ended.
  const digest& after() const { return after_; }

  /// Takes what is visible under one key if the filter selects it; false once the page is full.
  bool take(const digest& id, outcome found, const decision_context& context);

  scan_page finish();

private:
  bool selects(const entry_key& key) const;
  bool selects(const entry& one, const decision_context& context) const;
  bool selects(const reservation& one, const decision_context& context) const;

  scan_filter filter_;
  digest after_{};
  scan_page page_;
  std::size_t taken_ = 0;
};

/// The keys of operations that changed something.
std::vector<entry_key> changed_keys(std::span<const operation> operations,
                                    std::span<const outcome> results);

} // namespace deja
