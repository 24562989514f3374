#define _GNU_SOURCE

#include "CPlatform.h"

#include <pthread.h>
#include <string.h>

void tributary_name_thread(const char *name) {
    // Linux refuses a name with more than 15 bytes.
    char shown[16] = {0};
    strncpy(shown, name, sizeof shown - 1);
#ifdef __APPLE__
    pthread_setname_np(shown);
#else
    pthread_setname_np(pthread_self(), shown);
#endif
}
