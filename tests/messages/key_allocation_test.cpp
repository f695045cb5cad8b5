#include <deja/messages/key.hpp>

#include "../support/allocations.hpp"

#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

core::LiteralMap list_of(int count) {
  core::LiteralMap inputs;
  auto& list = *(*inputs.mutable_literals())["x"].mutable_collection();
  for (int at = 0; at < count; ++at) {
    auto& value = *list.add_literals()->mutable_scalar()->mutable_primitive();
    switch (at % 6) {
    case 0:
      value.set_integer(at);
      break;
    case 1:
      value.set_float_value(at / 7.0);
      break;
    case 2:
      value.set_string_value("a text that is too long to lie in a string itself");
      break;
    case 3:
      value.set_boolean(true);
      break;
    case 4:
      value.mutable_datetime()->set_seconds(at);
      break;
    default:
      value.mutable_duration()->set_nanos(1 + at);
    }
  }
  return inputs;
}

std::size_t allocations_for(const core::LiteralMap& inputs) {
  core::TypedInterface interface;
  interface.mutable_inputs();
  const auto task = task_key::of(core::Identifier{}, interface).value();
  task.with(inputs, {}, "1").value();
  const auto before = testing::allocations();
  task.with(inputs, {}, "1").value();
  return testing::allocations() - before;
}

} // namespace

BOOST_AUTO_TEST_SUITE(keys)

BOOST_AUTO_TEST_CASE(no_literal_costs_an_allocation) {
  BOOST_TEST(allocations_for(list_of(6)) == allocations_for(list_of(6'000)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
