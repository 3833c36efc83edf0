/* Out-of-place matrix transpose, by rows or in square tiles: the kernel under study.
 *
 *   transpose BLOCK SIZE REPEATS     BLOCK 0: row by row; else tiles of BLOCK x BLOCK
 *
 * Compiled once per dtype (-DTYPE=float or double). Prints one JSON line; cpu_ms is one pass of the fastest of at most
 * forty batches, REPEATS passes in all; checked is 1 when every element of the result is where it belongs. The clock is
 * the CPU time of this process: what another process takes away by running beside it is no time of the kernel. What it
 * takes of the cache still is. The measuring is here, the kernel is one function that the compiler may not see through.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifndef TYPE
#define TYPE double
#endif

__attribute__((noinline)) static void transpose(const TYPE *restrict in, TYPE *restrict out, int n, int block)
{
    if (block == 0)
        block = n;
    for (int i0 = 0; i0 < n; i0 += block)
        for (int j0 = 0; j0 < n; j0 += block)
            for (int i = i0; i < (i0 + block < n ? i0 + block : n); i++)
                for (int j = j0; j < (j0 + block < n ? j0 + block : n); j++)
                    out[(size_t)j * n + i] = in[(size_t)i * n + j];
}

static double cpu_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: transpose BLOCK SIZE REPEATS\n");
        return 2;
    }
    int block = atoi(argv[1]), n = atoi(argv[2]), repeats = atoi(argv[3]);
    if (block < 0 || n < 1 || n > 16384 || repeats < 1) {
        fprintf(stderr, "transpose: BLOCK >= 0, 1 <= SIZE <= 16384, REPEATS >= 1\n");
        return 2;
    }
    size_t count = (size_t)n * n;
    TYPE *in = malloc(count * sizeof *in), *out = malloc(count * sizeof *out);
    if (!in || !out) {
        fprintf(stderr, "transpose: no memory for %d x %d\n", n, n);
        return 1;
    }
    for (size_t k = 0; k < count; k++) {
        in[k] = (TYPE)(k % 8191);
        out[k] = 0;
    }
    transpose(in, out, n, block); /* touches every page before the clock starts */
    double best = 1e300;
    int batch = repeats < 40 ? 1 : repeats / 40;
    for (int r = 0; r < repeats; r += batch) {
        double start = cpu_now_ms();
        for (int pass = 0; pass < batch; pass++) {
            transpose(in, out, n, block);
            __asm__ volatile("" ::: "memory");
        }
        double took = (cpu_now_ms() - start) / batch;
        best = took < best ? took : best;
    }
    int checked = 1;
    for (int i = 0; i < n && checked; i++)
        for (int j = 0; j < n; j++)
            if (out[(size_t)j * n + i] != in[(size_t)i * n + j])
                checked = 0;
    printf("{\"cpu_ms\": %.9f, \"ns_per_element\": %.6f, \"checked\": %d}\n", best, best * 1e6 / count, checked);
    return checked ? 0 : 1;
}
