/* The function whose two builds noisy_machine.py compares: -DWORK sets how many steps it takes. Prints the elapsed ms. */
#include <stdio.h>
#include <time.h>

#ifndef WORK
#define WORK 1000000
#endif

__attribute__((noinline)) static double chain(double x)
{
    for (int step = 0; step < WORK; step++)
        x = x * 0.999999 + 1e-6; /* each step waits for the one before it: no compiler and no cache makes it shorter */
    return x;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(void)
{
    double start = now_ms(), x = chain(0.5), took = now_ms() - start;
    printf("%.6f\n", x > 0 ? took : -1.0);
    return 0;
}
