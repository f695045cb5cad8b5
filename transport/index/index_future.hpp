#pragma once

#include <future>
#include <memory>

namespace deja {

/// The answer to a call of an index, for who has a thread to wait with:
///
///     const auto found = index_future<std::vector<outcome>>(
///         [&](auto done) { index.lookup(keys, done); }).get();
///
/// The answer may come after the future has gone.
template <class Answer, class Call>
std::future<Answer> index_future(Call call) {
  const auto answer = std::make_shared<std::promise<Answer>>();
  call([answer](Answer given) { answer->set_value(std::move(given)); });
  return answer->get_future();
}

} // namespace deja
