/*
 * What no reader of a folder can do without: it is listed, each file is opened, and its first block
 * is read.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK = 4096 };

int
main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    long files = 0, bytes = 0;

    if (folder == NULL)
        return 2;
    while ((entry = readdir(folder)) != NULL) {
        char block[BLOCK];
        const int fd = entry->d_name[0] == '.'
                           ? -1
                           : openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
        const ssize_t got = fd < 0 ? -1 : read(fd, block, sizeof block);

        if (fd >= 0)
            close(fd);
        if (got < 0)
            continue;
        files++;
        bytes += got;
    }
    closedir(folder);
    printf("%ld files, %ld bytes\n", files, bytes);
    return 0;
}
