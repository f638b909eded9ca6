/*
 * cppcheck reads no library's headers, and would not see that these loops set
 * their variables.
 */
#define HASH_ITER(hh, h, e, t) for ((e) = (h); (e); (e) = (e)->hh.next)
#define json_object_foreach(o, k, v) \
	for ((k) = key_of(o), (v) = value_of(o); (k); (v) = value_of(o))
#define json_array_foreach(a, i, v) for ((i) = 0, (v) = value_of(a); (v); (i)++)
