#define BOOST_TEST_MODULE transport_blob
#include <boost/test/unit_test.hpp>
