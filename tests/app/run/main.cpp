#define BOOST_TEST_MODULE app_run
#include <boost/test/unit_test.hpp>
