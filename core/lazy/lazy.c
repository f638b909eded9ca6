/*
 * lazy: libraries that are loaded by the first call of one of their functions.
 *
 * Most tasks never speak TLS, Kerberos or HTTP, but the loader would map and
 * relocate all that such libraries need in every process: 40 objects and more
 * than a megabyte that no other process shares. For each function that the
 * program calls in one of them (lazy.def, made by core/lazy/rows) there is a
 * label here of its name. It jumps to where the function is, and the first
 * time finds out where that is. Only libraries of the system that the program
 * was built with come in this way, never a plugin.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct lazy_row {
	_Atomic(void *) at; /* first: the labels read it */
	char library[32], name[64];
};

void *lazy_find(struct lazy_row *row);

#if defined(__x86_64__)
/* %r11 is free between caller and callee. */
#define LABEL(label, row)                    \
	label ":\n\t"                        \
	      "endbr64\n\t"                  \
	      "leaq " row "(%rip), %r11\n\t" \
	      "cmpq $0, (%r11)\n\t"          \
	      "je lazy_first\n\t"            \
	      "jmp *(%r11)\n"
#define FIRST                                                   \
	"pushq %rbp\n\t"                                        \
	".cfi_def_cfa_offset 16\n\t.cfi_offset %rbp, -16\n\t"   \
	"movq %rsp, %rbp\n\t"                                   \
	".cfi_def_cfa_register %rbp\n\t"                        \
	"subq $192, %rsp\n\t"                                   \
	"movq %rax, -8(%rbp)\n\tmovq %rdi, -16(%rbp)\n\t"       \
	"movq %rsi, -24(%rbp)\n\tmovq %rdx, -32(%rbp)\n\t"      \
	"movq %rcx, -40(%rbp)\n\tmovq %r8, -48(%rbp)\n\t"       \
	"movq %r9, -56(%rbp)\n\t"                               \
	"movaps %xmm0, (%rsp)\n\tmovaps %xmm1, 16(%rsp)\n\t"    \
	"movaps %xmm2, 32(%rsp)\n\tmovaps %xmm3, 48(%rsp)\n\t"  \
	"movaps %xmm4, 64(%rsp)\n\tmovaps %xmm5, 80(%rsp)\n\t"  \
	"movaps %xmm6, 96(%rsp)\n\tmovaps %xmm7, 112(%rsp)\n\t" \
	"movq %r11, %rdi\n\t"                                   \
	"call lazy_find\n\t"                                    \
	"movq %rax, %r11\n\t"                                   \
	"movaps (%rsp), %xmm0\n\tmovaps 16(%rsp), %xmm1\n\t"    \
	"movaps 32(%rsp), %xmm2\n\tmovaps 48(%rsp), %xmm3\n\t"  \
	"movaps 64(%rsp), %xmm4\n\tmovaps 80(%rsp), %xmm5\n\t"  \
	"movaps 96(%rsp), %xmm6\n\tmovaps 112(%rsp), %xmm7\n\t" \
	"movq -8(%rbp), %rax\n\tmovq -16(%rbp), %rdi\n\t"       \
	"movq -24(%rbp), %rsi\n\tmovq -32(%rbp), %rdx\n\t"      \
	"movq -40(%rbp), %rcx\n\tmovq -48(%rbp), %r8\n\t"       \
	"movq -56(%rbp), %r9\n\t"                               \
	"leave\n\t"                                             \
	".cfi_def_cfa %rsp, 8\n\t"                              \
	"jmp *%r11\n"
#elif defined(__aarch64__)
/* x16 and x17 are free between caller and callee. */
#define LABEL(label, row)                       \
	label ":\n\t"                           \
	      "hint #34\n\t" /* bti c */        \
	      "adrp x16, " row "\n\t"           \
	      "add x16, x16, :lo12:" row "\n\t" \
	      "ldr x17, [x16]\n\t"              \
	      "cbz x17, lazy_first\n\t"         \
	      "br x17\n"
#define FIRST                                                  \
	"stp x29, x30, [sp, #-224]!\n\t"                       \
	".cfi_def_cfa_offset 224\n\t"                          \
	".cfi_offset x29, -224\n\t.cfi_offset x30, -216\n\t"   \
	"mov x29, sp\n\t"                                      \
	"stp x0, x1, [sp, #16]\n\tstp x2, x3, [sp, #32]\n\t"   \
	"stp x4, x5, [sp, #48]\n\tstp x6, x7, [sp, #64]\n\t"   \
	"str x8, [sp, #80]\n\t"                                \
	"stp q0, q1, [sp, #96]\n\tstp q2, q3, [sp, #128]\n\t"  \
	"stp q4, q5, [sp, #160]\n\tstp q6, q7, [sp, #192]\n\t" \
	"mov x0, x16\n\t"                                      \
	"bl lazy_find\n\t"                                     \
	"mov x17, x0\n\t"                                      \
	"ldp x0, x1, [sp, #16]\n\tldp x2, x3, [sp, #32]\n\t"   \
	"ldp x4, x5, [sp, #48]\n\tldp x6, x7, [sp, #64]\n\t"   \
	"ldr x8, [sp, #80]\n\t"                                \
	"ldp q0, q1, [sp, #96]\n\tldp q2, q3, [sp, #128]\n\t"  \
	"ldp q4, q5, [sp, #160]\n\tldp q6, q7, [sp, #192]\n\t" \
	"ldp x29, x30, [sp], #224\n\t"                         \
	".cfi_def_cfa_offset 0\n\t"                            \
	"br x17\n"
#else
#error "how a call is passed on here: see the two above"
#endif

#define TEXT(code)                                             \
	__asm__(".pushsection .text.lazy,\"ax\",%progbits\n\t" \
		".cfi_startproc\n" code "\t.cfi_endproc\n\t"   \
		".popsection\n")

TEXT("lazy_first:\n\t" FIRST);

/* Hidden: a plugin's own calls go to the library, not through here. */
#define LAZY(soname, label, function)                                          \
	static struct lazy_row row_##label                                     \
	    __attribute__((used)) = { .library = #soname, .name = #function }; \
	TEXT(".globl " #label "\n\t.hidden " #label "\n\t"                     \
	     ".type " #label ", %function\n" LABEL(#label,                     \
		 "row_" #label) "\t.size " #label ", . - " #label "\n");

#include "lazy.def"

static _Noreturn void
die(const struct lazy_row *row)
{
	(void)fprintf(stderr, "%s is needed for %s: %s\n", row->library,
	    row->name, dlerror());
	abort();
}

/* Where the row's function is; its library is loaded if it is not. */
__attribute__((used, visibility("hidden"))) void *
lazy_find(struct lazy_row *row)
{
	void *library = dlopen(row->library, RTLD_NOW | RTLD_LOCAL), *found;

	if (library == NULL)
		die(row);
	found = dlsym(library, row->name);
	if (found == NULL)
		die(row);
	atomic_store(&row->at, found);
	return found;
}
