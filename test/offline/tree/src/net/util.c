#include "net/http.h"

int port_is_valid(int port)
{
	return port > 0 && port < 65536;
}
