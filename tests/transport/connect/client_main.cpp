#define BOOST_TEST_MODULE transport_connect_client
#include <boost/test/unit_test.hpp>
