#define BOOST_TEST_MODULE transport_connect_server
#include <boost/test/unit_test.hpp>
