#include <deja/actors/memoization.hpp>

#include <algorithm>
#include <stdexcept>

namespace deja {

namespace {

using namespace std::chrono_literals;
namespace step = memoization_step;

constexpr duration first_pause = 50ms;
constexpr duration longest_pause = 1s;

} // namespace

memoization::memoization(memoization_options options)
    : options_(std::move(options)), pause_(first_pause) {
  begin();
}

template <class Step>
const Step& memoization::expect() const {
  if (const auto* now = std::get_if<Step>(&next_))
    return *now;
  throw std::logic_error{"memoization: told of something that was not to be done"};
}

void memoization::begin() {
  rejected_ = replace_ = false;
  if (!options_.refresh)
    next_ = step::look_up{};
  else if (!options_.read_only)
    next_ = step::reserve{};
  else
    next_ = step::compute{};
}

void memoization::end(memoization_outcome outcome, std::optional<error> why) {
  const step::finished end{outcome, std::move(why)};
  if (!held_) {
    next_ = end;
    return;
  }
  end_ = end;
  next_ = step::release{};
}

void memoization::found() {
  expect<step::look_up>();
  end(memoization_outcome::hit);
}

void memoization::rejected(bool replace, std::optional<std::uint64_t> generation) {
  expect<step::look_up>();
  rejected_ = true;
  replace_ = replace;
  generation_ = generation;
  missed();
}

void memoization::missed() {
  expect<step::look_up>();
  // The second look-up, with the reservation, finds what came between the first one and that.
  if (held_ || options_.read_only)
    next_ = step::compute{};
  else
    next_ = step::reserve{};
}

void memoization::failed(const error& why) {
  if (!std::holds_alternative<step::look_up>(next_))
    expect<step::reserve>();
  if (options_.required)
    return end(memoization_outcome::refused, why);
  out_of_reach_ = true;
  next_ = step::compute{};
}

void memoization::reserved(const reservation& held) {
  expect<step::reserve>();
  if (held.owner == options_.owner) {
    held_ = fence{held.owner, held.fencing_token};
    if (options_.refresh || rejected_)
      next_ = step::compute{};
    else
      next_ = step::look_up{};
    return;
  }
  const bool out_of_patience = options_.wait_timeout && waited_ >= *options_.wait_timeout;
  if (options_.no_wait || out_of_patience)
    next_ = step::compute{};
  else
    next_ = step::wait{pause_, waited_, held,
                       options_.wait_timeout ? *options_.wait_timeout - waited_ : duration::max()};
}

void memoization::waited(std::optional<duration> time) {
  waited_ += time.value_or(expect<step::wait>().time);
  pause_ = std::min(2 * pause_, longest_pause);
  begin();
}

void memoization::computed() {
  expect<step::compute>();
  if (out_of_reach_)
    end(memoization_outcome::unremembered);
  else if (options_.read_only)
    end(memoization_outcome::not_stored);
  else
    next_ = step::put{condition()};
}

void memoization::failed_to_compute() {
  expect<step::compute>();
  end(memoization_outcome::failed);
}

void memoization::not_to_be_stored(const error& why) {
  expect<step::compute>();
  end(memoization_outcome::not_stored, why);
}

void memoization::put(const result<put_status>& done) {
  expect<step::put>();
  if (done)
    end(*done == put_status::stored ? memoization_outcome::stored : memoization_outcome::lost_race);
  // Our reservation has become another's, whose result counts.
  else if (done.error().code == errc::failed_precondition)
    end(memoization_outcome::lost_race);
  else
    end(memoization_outcome::not_stored, done.error());
}

void memoization::released() {
  expect<step::release>();
  next_ = *end_;
}

put_condition memoization::condition() const {
  put_condition when;
  if (options_.refresh || (replace_ && !generation_))
    when.overwrite = true;
  else if (replace_)
    when.generation = generation_;
  else if (options_.max_age > duration::zero())
    when.max_age = options_.max_age;
  when.held = held_;
  return when;
}

} // namespace deja
