#include "child/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A debugger's breakpoints are in the code, and would go with it. */
static bool
is_traced(void)
{
	static const char name[] = "TracerPid:";
	char text[4096];
	const char *line;
	ssize_t n = -1;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, text, sizeof text - 1);
		(void)close(fd);
	}
	if (n < 0)
		return true; /* nobody knows */
	text[n] = '\0';
	line = strstr(text, name);
	return line == NULL || strtol(line + strlen(name), NULL, 10) != 0;
}

static bool
is_code_relocated(const struct dl_phdr_info *info, const ElfW(Phdr) * ph)
{
	const ElfW(Dyn) *d =
	    (const void *)(uintptr_t)(info->dlpi_addr + ph->p_vaddr);

	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_TEXTREL ||
		    (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL) != 0))
			return true;
	return false;
}

static void
unmap(const struct dl_phdr_info *info, const ElfW(Phdr) * ph)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = info->dlpi_addr + ph->p_vaddr;
	uintptr_t from = at & ~(page - 1);

	(void)madvise((void *)from, at + ph->p_memsz - from, MADV_DONTNEED);
}

/* What is relocated when it is loaded, RELRO too, is in a segment that the
 * object's file says is writable. */
int
memory_unmap(struct dl_phdr_info *info, size_t size, void *none)
{
	(void)size;
	(void)none;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC &&
		    is_code_relocated(info, &info->dlpi_phdr[i]))
			return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    (info->dlpi_phdr[i].p_flags & PF_W) == 0)
			unmap(info, &info->dlpi_phdr[i]);
	return 0;
}

void
memory_give_back(void)
{
	(void)malloc_trim(0);
	if (!is_traced())
		(void)dl_iterate_phdr(memory_unmap, NULL);
}
