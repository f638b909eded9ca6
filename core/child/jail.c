#include "child/jail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "child/limits.h"

#define PROGRAM_MAX 256
#define NAMESPACES                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define TYPE_MASK             0xfU /* of a socket's type, without its flags */
#define NETLINK_ADDRESS_BYTES 12

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
/* The same calls under other numbers. */
#define X32_CALLS 0x40000000U
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* ---- what nobody may --------------------------------------------------- */

struct call {
	long number;
	const char *name;
};

#define CALL(name)                \
	{                         \
		SYS_##name, #name \
	}

static const struct call forbidden[] = {
	/* other programs */
	CALL(execve),
	CALL(execveat),
	/* other processes */
	CALL(ptrace),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(pidfd_send_signal),
	CALL(pidfd_getfd),
	CALL(rt_sigqueueinfo),
	CALL(rt_tgsigqueueinfo),
	CALL(tkill),
	CALL(kcmp),
	/* the file system's shape, and ways around its names */
	CALL(mount),
	CALL(umount2),
	CALL(pivot_root),
	CALL(chroot),
	CALL(move_mount),
	CALL(fsopen),
	CALL(fsconfig),
	CALL(fsmount),
	CALL(fspick),
	CALL(open_tree),
	CALL(mount_setattr),
	CALL(open_by_handle_at),
	CALL(quotactl),
	CALL(swapon),
	CALL(swapoff),
	CALL(acct),
	/* the kernel */
	CALL(bpf),
	CALL(perf_event_open),
	CALL(userfaultfd),
	CALL(io_uring_setup),
	CALL(io_uring_enter),
	CALL(io_uring_register),
	CALL(kexec_load),
	CALL(init_module),
	CALL(finit_module),
	CALL(delete_module),
	CALL(reboot),
	CALL(syslog),
	CALL(personality),
	CALL(add_key),
	CALL(request_key),
	CALL(keyctl),
	/* the machine's clock and names */
	CALL(settimeofday),
	CALL(clock_settime),
	CALL(adjtimex),
	CALL(clock_adjtime),
	CALL(sethostname),
	CALL(setdomainname),
	/* servers */
	CALL(listen),
	/* namespaces */
	CALL(unshare),
	CALL(setns),
#if defined(__x86_64__)
	CALL(fork),
	{ SYS_vfork, "vfork" },
	CALL(iopl),
	CALL(ioperm),
	CALL(kexec_file_load),
	CALL(modify_ldt),
#endif
};

/* Looked at by their arguments, or forbidden by an older kernel alone. */
static const struct call judged[] = {
	CALL(clone),
	CALL(kill),
	CALL(tgkill),
	CALL(socket),
	CALL(bind),
	CALL(truncate),
	CALL(openat),
#if defined(__x86_64__)
	CALL(open),
#endif
};

#if defined(__x86_64__)
static bool
is_fork(long number)
{
	return number == SYS_fork || number == SYS_vfork;
}
#else
static bool
is_fork(long number)
{
	(void)number;
	return false;
}
#endif

/* ---- the filter -------------------------------------------------------- */

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void
put(struct program *p, unsigned code, unsigned k, unsigned yes, unsigned no)
{
	assert(p->len < PROGRAM_MAX);
	p->code[p->len++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes,
		(uint8_t)no, k };
}

static void
put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

/* The low half of an argument: all that the ones looked at have. */
static void
put_load_argument(struct program *p, unsigned n)
{
	put_load(p, offsetof(struct seccomp_data, args) + 8 * (size_t)n);
}

static void
put_return(struct program *p, unsigned what)
{
	put(p, BPF_RET | BPF_K, what, 0, 0);
}

/* If what was loaded is k: on with the next, else over `skip`. */
static void
put_if(struct program *p, unsigned k, unsigned skip)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip);
}

static void
put_forbidden(struct program *p, enum jail_kind kind)
{
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		if (kind == JAIL_FORKING && is_fork(forbidden[i].number))
			continue;
		put_if(p, (unsigned)forbidden[i].number, 1);
		put_return(p, SECCOMP_RET_TRAP);
	}
	/* Its flags stand in memory; the C library then takes clone. */
	put_if(p, SYS_clone3, 1);
	put_return(p, SECCOMP_RET_ERRNO | ENOSYS);
}

/* Threads yes, namespaces no, processes for inspectors alone. */
static void
put_clone(struct program *p, enum jail_kind kind)
{
	put_if(p, SYS_clone, 5);
	put_load_argument(p, 0);
	put(p, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 1, 0);
	put(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1,
	    kind == JAIL_FORKING);
	put_return(p, SECCOMP_RET_TRAP);
	put_return(p, SECCOMP_RET_ALLOW);
}

/* Nobody but itself. */
static void
put_signal(struct program *p, unsigned call)
{
	put_if(p, call, 4);
	put_load_argument(p, 0);
	put_if(p, (unsigned)getpid(), 1);
	put_return(p, SECCOMP_RET_ALLOW);
	put_return(p, SECCOMP_RET_TRAP);
}

/* Names are resolved with the kernel's help: by a raw netlink socket. */
static void
put_socket(struct program *p)
{
	static const unsigned families[] = { AF_UNIX, AF_INET, AF_INET6 };
	const unsigned count = sizeof families / sizeof *families;

	put_if(p, SYS_socket, 9 + count);
	put_load_argument(p, 0);
	put_if(p, AF_NETLINK, 1);
	put_return(p, SECCOMP_RET_ALLOW);
	for (unsigned i = 0; i < count; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, families[i], count - i, 0);
	put_return(p, SECCOMP_RET_TRAP);
	put_load_argument(p, 1);
	put(p, BPF_ALU | BPF_AND | BPF_K, TYPE_MASK, 0, 0);
	put_if(p, SOCK_RAW, 1);
	put_return(p, SECCOMP_RET_TRAP);
	put_return(p, SECCOMP_RET_ALLOW);
}

/* The address is in memory, but none of IPv4 or IPv6 is that short. */
static void
put_bind(struct program *p)
{
	put_if(p, SYS_bind, 4);
	put_load_argument(p, 2);
	put_if(p, NETLINK_ADDRESS_BYTES, 1);
	put_return(p, SECCOMP_RET_ALLOW);
	put_return(p, SECCOMP_RET_TRAP);
}

/* Empties a file that it does not open for writing: what is left of the two
 * bits for that is neither of the two ways to write. */
static void
put_open(struct program *p, unsigned call, unsigned flags)
{
	put_if(p, call, 6);
	put_load_argument(p, flags);
	put(p, BPF_ALU | BPF_AND | BPF_K, O_TRUNC | O_ACCMODE, 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, O_TRUNC | O_RDONLY, 1, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, O_TRUNC | O_ACCMODE, 0, 1);
	put_return(p, SECCOMP_RET_TRAP);
	put_return(p, SECCOMP_RET_ALLOW);
}

/* Leaves the call's number loaded. */
static void
put_number(struct program *p)
{
	put_load(p, offsetof(struct seccomp_data, arch));
	put_if(p, ARCH, 1);
	put(p, BPF_JMP | BPF_JA, 1, 0, 0);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	put_load(p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	put(p, BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1);
	put_return(p, SECCOMP_RET_ERRNO | ENOSYS);
#endif
}

static void
make(struct program *p, enum jail_kind kind)
{
	put_number(p);
	put_forbidden(p, kind);
	/* Each that looks at an argument answers, or was not meant and has
	 * the number still loaded. */
	put_clone(p, kind);
	if (kind == JAIL_ALONE) {
		put_signal(p, SYS_kill);
		put_signal(p, SYS_tgkill);
	}
	put_socket(p);
	put_bind(p);
	put_return(p, SECCOMP_RET_ALLOW);
}

static void
make_for_truncating(struct program *p)
{
	put_number(p);
	put_if(p, SYS_truncate, 1);
	put_return(p, SECCOMP_RET_TRAP);
#if defined(SYS_openat2)
	/* Its flags stand in memory; who asks for it then takes openat. */
	put_if(p, SYS_openat2, 1);
	put_return(p, SECCOMP_RET_ERRNO | ENOSYS);
#endif
#if defined(__x86_64__)
	put_open(p, SYS_open, 1);
#endif
	put_open(p, SYS_openat, 2);
	put_return(p, SECCOMP_RET_ALLOW);
}

/* ---- what was asked all the same --------------------------------------- */

static const char *
name_in(const struct call *calls, size_t count, long number)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}

static const char *
name_of(long number)
{
	const char *name =
	    name_in(forbidden, sizeof forbidden / sizeof *forbidden, number);

	if (name == NULL)
		name = name_in(judged, sizeof judged / sizeof *judged, number);
	return name == NULL ? "a system call" : name;
}

static void
say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void
fail_call(ucontext_t *uc)
{
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
	uc->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}

static void
on_forbidden(int number, siginfo_t *info, void *context)
{
	int kept = errno;

	(void)number;
	say("penstock: refused to the plugin: ");
	say(name_of(info->si_syscall));
	say("\n");
	fail_call(context);
	errno = kept;
}

/* ---- what root may ----------------------------------------------------- */

/* Files as before, and what limits are set with; not to look into others. */
#define CAPABILITY(name) (UINT32_C(1) << CAP_##name)
#define KEPT                                                                   \
	(CAPABILITY(CHOWN) | CAPABILITY(DAC_OVERRIDE) |                        \
	    CAPABILITY(DAC_READ_SEARCH) | CAPABILITY(FOWNER) |                 \
	    CAPABILITY(FSETID) | CAPABILITY(IPC_LOCK) | CAPABILITY(SYS_NICE) | \
	    CAPABILITY(SYS_RESOURCE))

/* Of this thread and those that it starts. */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) != 0)
		return;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t kept = i == 0 ? KEPT : 0;

		data[i].effective &= kept;
		data[i].permitted &= kept;
		data[i].inheritable = 0;
	}
	(void)syscall(SYS_capset, &head, data);
}

/* ---- closing ----------------------------------------------------------- */

static bool
install(struct program *p)
{
	struct sock_fprog filter = { p->len, p->code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		   SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

bool
jail_close(enum jail_kind kind)
{
	struct sigaction act = { .sa_sigaction = on_forbidden,
		.sa_flags = SA_SIGINFO | SA_NODEFER };
	struct program p = { .len = 0 };

	if (limits_are_off())
		return true;
	make(&p, kind);
	(void)sigaction(SIGSYS, &act, NULL);
	if (kind == JAIL_ALONE) {
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		drop_capabilities();
	}
	return install(&p);
}

bool
jail_keep_from_truncating(void)
{
	struct program p = { .len = 0 };

	if (limits_are_off())
		return true;
	make_for_truncating(&p);
	return install(&p);
}
