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

  /// Takes what lies under one key if the filter selects it; false once the page is full.
  bool take(const digest& id, const stored_state& state, const decision_context& context);

  /// The rows up to this one, which was the last that the filter lets a page look at, are all
  /// taken: the page ends here.
  void end_after(const digest& id);

  scan_page finish();

private:
  bool selects(const entry_key& key) const;
  bool selects(const entry& one, const decision_context& context) const;
  bool selects(const reservation& one, const decision_context& context) const;

  scan_filter filter_;
  digest after_{};
  scan_page page_;
  std::size_t taken_ = 0;
  std::size_t looked_at_ = 0;
  std::size_t bytes_ = 0; ///< Of outputs.
};

/// The keys of operations that changed something.
std::vector<entry_key> changed_keys(std::span<const operation> operations,
                                    std::span<const outcome> results);

} // namespace deja
