#include "plugin/load.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <penstock/converter.h>
#include <penstock/provider.h>
#include <penstock/sink.h>
#include <penstock/source.h>
#include <penstock/transform.h>

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#else
#error "name this machine's ELF number here"
#endif

enum { CLASSES_MAX = 1000 };

static const struct {
	const char *name;
	size_t ops_size; /* as this host knows it */
} kinds[] = {
	[PS_KIND_SOURCE] = { "source", sizeof(struct ps_source_ops) },
	[PS_KIND_SINK] = { "sink", sizeof(struct ps_sink_ops) },
	[PS_KIND_TRANSFORM] = { "transformation",
	    sizeof(struct ps_transform_ops) },
	[PS_KIND_PREDICATE] = { "predicate", sizeof(struct ps_predicate_ops) },
	[PS_KIND_CONVERTER] = { "converter", sizeof(struct ps_converter_ops) },
	[PS_KIND_HEADER_CONVERTER] = { "header_converter",
	    sizeof(struct ps_header_converter_ops) },
	[PS_KIND_PROVIDER] = { "configprovider",
	    sizeof(struct ps_provider_ops) },
};

const char *
kind_name(enum ps_kind kind)
{
	return kinds[kind].name;
}

int
load_check_writable(const char *path, struct ps_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return ps_fail(err, PS_E_CONFIG, "%s: %s", path,
		    strerror(errno));
	if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: everybody may write there (mode %04o), so nothing "
		    "is loaded from it; chmod o-w it",
		    path, (unsigned)st.st_mode & 07777U);
	return 0;
}

static int
read_header(const char *path, Elf64_Ehdr *header, off_t *size,
    struct ps_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	ssize_t n = 0;

	if (fd < 0)
		return ps_fail(err, PS_E_CONFIG, "%s: %s", path,
		    strerror(errno));
	n = read(fd, header, sizeof *header);
	(void)fstat(fd, &st);
	(void)close(fd);
	*size = st.st_size;
	if (n < (ssize_t)SELFMAG ||
	    memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: not a shared object (no ELF header)", path);
	if (n < (ssize_t)sizeof *header)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: truncated, it has %lld bytes", path, (long long)*size);
	return 0;
}

/* dlopen of a damaged file may crash, and its messages are short. */
static int
check_elf(const char *path, struct ps_error *err)
{
	Elf64_Ehdr header = { 0 };
	off_t size = 0, needed;

	if (read_header(path, &header, &size, err) != 0)
		return -1;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_machine != MACHINE)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: built for another machine (ELF machine %d, class "
		    "%d), this one is %d, class %d",
		    path, header.e_machine, header.e_ident[EI_CLASS], MACHINE,
		    ELFCLASS64);
	if (header.e_type != ET_DYN)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: ELF type %d is no shared object; link with -shared",
		    path, header.e_type);
	needed =
	    (off_t)header.e_shoff + (off_t)header.e_shnum * header.e_shentsize;
	if (size < needed)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: truncated, it has %lld bytes of at least %lld", path,
		    (long long)size, (long long)needed);
	return 0;
}

static int
check_abi(const char *path, const struct ps_plugin *p, struct ps_error *err)
{
	if (p->magic != PS_ABI_MAGIC)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: penstock_plugin has magic %016llx instead of %016llx",
		    path, (unsigned long long)p->magic,
		    (unsigned long long)PS_ABI_MAGIC);
	if (p->abi_major != PS_ABI_MAJOR)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: built for plugin ABI %u.%u, this penstock has %u.%u; "
		    "compile it against these headers",
		    path, p->abi_major, p->abi_minor, PS_ABI_MAJOR,
		    PS_ABI_MINOR);
	if (p->abi_minor > PS_ABI_MINOR)
		return ps_fail(err, PS_E_RETRY,
		    "%s: needs plugin ABI %u.%u, this penstock has %u.%u; "
		    "restart the worker with a newer penstock",
		    path, p->abi_major, p->abi_minor, PS_ABI_MAJOR,
		    PS_ABI_MINOR);
	return 0;
}

static int
check_class(const char *path, const struct ps_class *c, size_t at,
    struct ps_error *err)
{
	if ((unsigned)c->kind >= sizeof kinds / sizeof *kinds)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: class %zu has the unknown kind %d", path, at,
		    (int)c->kind);
	if (c->name == NULL || c->name[0] == '\0')
		return ps_fail(err, PS_E_CONFIG, "%s: class %zu has no name",
		    path, at);
	if (c->ops == NULL || c->ops_size == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: class %s has no operations", path, c->name);
	if (c->ops_size > kinds[c->kind].ops_size)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: class %s has operations of %zu bytes, a %s has at "
		    "most %zu",
		    path, c->name, c->ops_size, kinds[c->kind].name,
		    kinds[c->kind].ops_size);
	if (c->key_count > 0 && c->keys == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: class %s has %zu keys but no table", path, c->name,
		    c->key_count);
	return 0;
}

static int
check_classes(const char *path, const struct ps_plugin *p, struct ps_error *err)
{
	if (p->name == NULL || p->version == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: the plugin has no name or no version", path);
	if (p->classes == NULL || p->class_count == 0 ||
	    p->class_count > CLASSES_MAX)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: the plugin has %zu classes, expected 1 to %d", path,
		    p->class_count, CLASSES_MAX);
	for (size_t i = 0; i < p->class_count; i++)
		if (check_class(path, &p->classes[i], i, err) != 0)
			return -1;
	return 0;
}

const struct ps_plugin *
load_plugin(const char *path, struct ps_error *err)
{
	const struct ps_plugin *p;
	void *handle;

	if (load_check_writable(path, err) != 0 || check_elf(path, err) != 0)
		return NULL;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		(void)ps_fail(err, PS_E_CONFIG, "cannot load %s", dlerror());
		return NULL;
	}
	p = (const struct ps_plugin *)dlsym(handle, "penstock_plugin");
	if (p == NULL) {
		(void)ps_fail(err, PS_E_CONFIG,
		    "%s: no penstock plugin, it exports no symbol "
		    "penstock_plugin (see PS_PLUGIN in penstock/abi.h)",
		    path);
		return NULL;
	}
	if (check_abi(path, p, err) != 0 || check_classes(path, p, err) != 0)
		return NULL;
	return p;
}
