#define BOOST_TEST_MODULE transport_index
#include <boost/test/unit_test.hpp>
