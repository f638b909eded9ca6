#include "child/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* A page of a file in memory as a loader leaves it: relocated, then only
 * readable. */
struct loaded {
	char *page;
	ElfW(Dyn) dynamic[2];
	ElfW(Phdr) headers[2];
	struct dl_phdr_info info;
};

static void
load(struct loaded *l, ElfW(Word) flags, ElfW(Sxword) tag, ElfW(Xword) value)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	FILE *f = tmpfile();

	cr_assert_not_null(f);
	cr_assert(ge(int, fputs("of the file", f), 0));
	cr_assert(eq(int, fflush(f), 0));
	l->page =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(f), 0);
	cr_assert(ne(ptr, l->page, MAP_FAILED));
	strcpy(l->page, "relocated");
	cr_assert(eq(int, mprotect(l->page, size, PROT_READ), 0));
	l->dynamic[0] = (ElfW(Dyn)){ .d_tag = tag, .d_un.d_val = value };
	l->dynamic[1] = (ElfW(Dyn)){ .d_tag = DT_NULL };
	l->headers[0] = (ElfW(Phdr)){ .p_type = PT_LOAD,
		.p_flags = flags,
		.p_vaddr = (ElfW(Addr))l->page + 8,
		.p_memsz = 16 };
	l->headers[1] = (ElfW(Phdr)){ .p_type = PT_DYNAMIC,
		.p_vaddr = (ElfW(Addr))l->dynamic };
	l->info =
	    (struct dl_phdr_info){ .dlpi_phdr = l->headers, .dlpi_phnum = 2 };
}

Test(memory, what_is_as_in_its_file_comes_back_from_there)
{
	struct loaded l;

	load(&l, PF_R | PF_X, DT_FLAGS, DF_BIND_NOW);
	cr_assert(eq(int, memory_unmap(&l.info, sizeof l.info, NULL), 0));
	cr_assert(eq(str, l.page, "of the file"));
}

Test(memory, what_was_relocated_stays)
{
	static const struct {
		ElfW(Word) flags;
		ElfW(Sxword) tag;
		ElfW(Xword) value;
	} rows[] = {
		{ PF_R | PF_W, DT_FLAGS, DF_BIND_NOW },
		{ PF_R | PF_X, DT_TEXTREL, 0 },
		{ PF_R | PF_X, DT_FLAGS, DF_TEXTREL },
	};
	struct loaded l;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		load(&l, rows[i].flags, rows[i].tag, rows[i].value);
		(void)memory_unmap(&l.info, sizeof l.info, NULL);
		cr_assert(eq(str, l.page, "relocated"), "row %zu", i);
	}
}

/* Resident pages of code and constants, which no table of pointers is in. */
static long
resident_code(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[4096], rights[8] = "";
	long sum = 0, kb;

	cr_assert_not_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		(void)sscanf(line, "%*x-%*x %7s", rights);
		if (strcmp(rights, "r-xp") == 0 &&
		    sscanf(line, "Rss: %ld", &kb) == 1)
			sum += kb;
	}
	(void)fclose(f);
	return sum;
}

Test(memory, code_goes_and_is_there_when_it_is_called)
{
	long before = resident_code(), after;

	memory_give_back();
	after = resident_code();
	cr_assert(lt(long, after, before / 2));
	memory_give_back();
	cr_assert(gt(long, resident_code(), 0));
}

/* Never called: a debugger writes into it. */
__attribute__((noinline, used)) static int
debugged(int n)
{
	return n * 3 + 1;
}

static void
be_debugged(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	(void)raise(SIGSTOP);
	memory_give_back();
	(void)raise(SIGSTOP);
	_exit(0);
}

Test(memory, a_breakpoint_stays)
{
	long word = 0x0102030405060708L;
	void *at = (void *)(uintptr_t)debugged;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		be_debugged();
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_assert(eq(int, WSTOPSIG(status), SIGSTOP));
	cr_assert(eq(long, ptrace(PTRACE_POKETEXT, pid, at, word), 0));
	cr_assert(eq(long, ptrace(PTRACE_CONT, pid, NULL, NULL), 0));
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_assert(eq(int, WSTOPSIG(status), SIGSTOP));
	errno = 0;
	cr_assert(eq(long, ptrace(PTRACE_PEEKTEXT, pid, at, NULL), word));
	cr_assert(eq(int, errno, 0));
	cr_assert(eq(int, kill(pid, SIGKILL), 0));
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
}
