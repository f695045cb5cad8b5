#define BOOST_TEST_MODULE transport_folder
#include <boost/test/unit_test.hpp>
