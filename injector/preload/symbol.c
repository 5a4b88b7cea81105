/* symbol.c - walk the loader's list of objects, and their hash tables, as the loader does. */
#include "injector/preload/symbol.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "injector/preload/stack.h"
#include "injector/preload/text.h"

#define OBJECTS_MAX 4096

/* A cache that says "there is none". */
static char none;

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

struct object {
	const char *strings;
	const ElfW(Sym) * symbols;
	const ElfW(Half) * versions;
	const uint32_t *gnu_hash, *sysv_hash;
};

/* A table's address: glibc's loader turns those of most objects into addresses in place, musl's
 * leaves them as the file has them, relative to the object. */
static const void *table(const struct link_map *map, ElfW(Addr) value)
{
	return (const void *)(value < map->l_addr ? map->l_addr + value : value);
}

static void read_dynamic(const struct link_map *map, struct object *out)
{
	const ElfW(Dyn) * dyn;

	*out = (struct object){0};
	for (dyn = map->l_ld; dyn && dyn->d_tag != DT_NULL; dyn++) {
		switch (dyn->d_tag) {
		case DT_STRTAB:
			out->strings = table(map, dyn->d_un.d_ptr);
			break;
		case DT_SYMTAB:
			out->symbols = table(map, dyn->d_un.d_ptr);
			break;
		case DT_VERSYM:
			out->versions = table(map, dyn->d_un.d_ptr);
			break;
		case DT_GNU_HASH:
			out->gnu_hash = table(map, dyn->d_un.d_ptr);
			break;
		case DT_HASH:
			out->sysv_hash = table(map, dyn->d_un.d_ptr);
			break;
		default:
			break;
		}
	}
}

/* A defined function of that name, in its default version: bit 15 of a version marks an old one. */
static bool fits(const struct object *object, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &object->symbols[index];

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 &&
	       ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
	       ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
	       !(object->versions && (object->versions[index] & 0x8000)) &&
	       text_same(object->strings + symbol->st_name, name);
}

/* DT_GNU_HASH: header, Bloom filter, buckets, chains (binutils' elflink.c). */
static uint32_t find_gnu(const struct object *object, const char *name)
{
	const uint32_t *header = object->gnu_hash;
	uint32_t bucket_count = header[0], first = header[1], bloom_words = header[2];
	const uint32_t *buckets = header + 4 + bloom_words * 2;
	const uint32_t *chain = buckets + bucket_count;
	uint32_t hash = 5381, index;
	const char *s;

	for (s = name; *s; s++)
		hash = hash * 33 + (unsigned char)*s;
	if (bucket_count == 0)
		return 0;
	index = buckets[hash % bucket_count];
	if (index < first || index == 0)
		return 0;
	for (;; index++) {
		uint32_t entry = chain[index - first];

		if ((entry | 1) == (hash | 1) && fits(object, index, name))
			return index;
		if (entry & 1)
			return 0;
	}
}

/* DT_HASH (System V ABI, chapter 5). */
static uint32_t find_sysv(const struct object *object, const char *name)
{
	uint32_t bucket_count = object->sysv_hash[0];
	const uint32_t *buckets = object->sysv_hash + 2;
	const uint32_t *chain = buckets + bucket_count;
	uint32_t hash = 0, index;
	const char *s;

	for (s = name; *s; s++) {
		hash = (hash << 4) + (unsigned char)*s;
		hash = (hash ^ ((hash & 0xf0000000u) >> 24)) & 0x0fffffffu;
	}
	if (bucket_count == 0)
		return 0;
	for (index = buckets[hash % bucket_count]; index; index = chain[index])
		if (fits(object, index, name))
			return index;
	return 0;
}

static void *find_in(const struct link_map *map, const char *name)
{
	struct object object;
	uint32_t index;

	read_dynamic(map, &object);
	if (!object.strings || !object.symbols || !(object.gnu_hash || object.sysv_hash))
		return NULL;
	index = object.gnu_hash ? find_gnu(&object, name) : find_sysv(&object, name);
	return index ? (void *)(map->l_addr + object.symbols[index].st_value) : NULL;
}

/* The loader's list: it leaves its address in the executable's DT_DEBUG, for debuggers. */
static const struct link_map *loaded_objects(void)
{
	const ElfW(Phdr) *phdr = (const ElfW(Phdr) *)stack_auxv(AT_PHDR);
	unsigned long count = stack_auxv(AT_PHNUM), i;
	ElfW(Addr) base = 0, dynamic = 0;
	const ElfW(Dyn) * dyn;

	if (!phdr)
		return NULL;
	for (i = 0; i < count; i++) {
		if (phdr[i].p_type == PT_PHDR)
			base = (ElfW(Addr))phdr - phdr[i].p_vaddr;
		if (phdr[i].p_type == PT_DYNAMIC)
			dynamic = phdr[i].p_vaddr;
	}
	if (!dynamic)
		return NULL;
	for (dyn = (const ElfW(Dyn) *)(base + dynamic); dyn->d_tag != DT_NULL; dyn++) {
		const struct r_debug *debug = (const struct r_debug *)dyn->d_un.d_ptr;

		if (dyn->d_tag == DT_DEBUG && debug)
			return debug->r_map;
	}
	return NULL;
}

static void *look_up(const char *name)
{
	const struct link_map *map = loaded_objects();
	bool behind = false;
	int i;

	for (i = 0; map && i < OBJECTS_MAX; i++, map = map->l_next) {
		void *found = behind ? find_in(map, name) : NULL;

		if (found)
			return found;
		if (map->l_ld == _DYNAMIC)
			behind = true;
	}
	return NULL;
}

void *symbol_next(struct symbol *symbol)
{
	void *found = atomic_load_explicit(&symbol->found, memory_order_relaxed);

	if (!found) {
		found = look_up(symbol->name);
		atomic_store_explicit(&symbol->found, found ? found : &none, memory_order_relaxed);
	}
	return found == &none ? NULL : found;
}
