#define BOOST_TEST_MODULE app_load
#include <boost/test/unit_test.hpp>
