#include "pg/lock.h"
int
main(void)
{
    return 0;
}
