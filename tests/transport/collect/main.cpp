#define BOOST_TEST_MODULE transport_collect
#include <boost/test/unit_test.hpp>
