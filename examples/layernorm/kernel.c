/* Layer norm over rows of float32: y = (x - mean) / sqrt(var + eps) * g + b.

   Set when it is compiled: UNROLL (accumulators), BLOCK (rows per pass), PASSES (3: mean, variance, write;
   2: sum and sum of squares at once, which loses digits where the mean is large; 4: the same, shifted by the
   first element), VEXT (explicit vectors of 8; UNROLL counts vectors), TREE (their sum as a tree, and the
   write loop in vectors). */
#include <math.h>
#include <stddef.h>
#ifndef UNROLL
#define UNROLL 1
#endif
#ifndef BLOCK
#define BLOCK 1
#endif
#ifndef PASSES
#define PASSES 3
#endif
#define RESTRICT __restrict__
#ifdef VEXT
typedef float v8 __attribute__((vector_size(32), aligned(4)));
#ifdef TREE
static inline float hsum(v8 v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }
#else
static inline float hsum(v8 v) { float t = 0.f; for (int i = 0; i < 8; i++) t += v[i]; return t; }
#endif
void layernorm(const float *RESTRICT x, float *RESTRICT y, const float *RESTRICT g, const float *RESTRICT b,
               int rows, int cols, float eps) {
  for (int r = 0; r < rows; r++) {
    const float *xr = x + (size_t)r * cols; float *yr = y + (size_t)r * cols;
    v8 s[UNROLL] = {0}, q[UNROLL] = {0}; int c = 0; float S = 0.f, Q = 0.f, m, var;
#if PASSES == 4
    float k = xr[0];
    for (; c + 8 * UNROLL <= cols; c += 8 * UNROLL)
#pragma GCC unroll 16
      for (int u = 0; u < UNROLL; u++) { v8 d = *(const v8 *)(xr + c + 8 * u) - k; s[u] += d; q[u] += d * d; }
#ifdef TREE
    for (int u = 1; u < UNROLL; u++) { s[0] += s[u]; q[0] += q[u]; }
    S = hsum(s[0]); Q = hsum(q[0]);
#else
    for (int u = 0; u < UNROLL; u++) { S += hsum(s[u]); Q += hsum(q[u]); }
#endif
    for (; c < cols; c++) { float d = xr[c] - k; S += d; Q += d * d; }
    m = S / cols; var = Q / cols - m * m; m += k;
#else
    for (; c + 8 * UNROLL <= cols; c += 8 * UNROLL)
#pragma GCC unroll 16
      for (int u = 0; u < UNROLL; u++) s[u] += *(const v8 *)(xr + c + 8 * u);
    for (int u = 0; u < UNROLL; u++) S += hsum(s[u]);
    for (; c < cols; c++) S += xr[c];
    m = S / cols;
    for (c = 0; c + 8 * UNROLL <= cols; c += 8 * UNROLL)
#pragma GCC unroll 16
      for (int u = 0; u < UNROLL; u++) { v8 d = *(const v8 *)(xr + c + 8 * u) - m; q[u] += d * d; }
    for (int u = 0; u < UNROLL; u++) Q += hsum(q[u]);
    for (; c < cols; c++) { float d = xr[c] - m; Q += d * d; }
    var = Q / cols;
#endif
    float rs = 1.f / sqrtf(var + eps); c = 0;
#ifdef TREE
    float o = -m * rs;
    for (; c + 8 <= cols; c += 8) *(v8 *)(yr + c) = (*(const v8 *)(xr + c) * rs + o) * *(const v8 *)(g + c) + *(const v8 *)(b + c);
#endif
    for (; c < cols; c++) yr[c] = (xr[c] - m) * rs * g[c] + b[c];
  }
}
#else

void layernorm(const float *RESTRICT x, float *RESTRICT y, const float *RESTRICT g, const float *RESTRICT b,
               int rows, int cols, float eps) {
  for (int r0 = 0; r0 < rows; r0 += BLOCK) {
    float mean[BLOCK], rstd[BLOCK];
    int nb = rows - r0 < BLOCK ? rows - r0 : BLOCK;
    for (int k = 0; k < nb; k++) {
      const float *xr = x + (size_t)(r0 + k) * cols;
      float s[UNROLL], q[UNROLL];
      for (int u = 0; u < UNROLL; u++) { s[u] = 0.f; q[u] = 0.f; }
      int c = 0;
#if PASSES == 2
      for (; c + UNROLL <= cols; c += UNROLL)
        for (int u = 0; u < UNROLL; u++) { float v = xr[c + u]; s[u] += v; q[u] += v * v; }
      for (; c < cols; c++) { float v = xr[c]; s[0] += v; q[0] += v * v; }
      float S = 0.f, Q = 0.f;
      for (int u = 0; u < UNROLL; u++) { S += s[u]; Q += q[u]; }
      float m = S / cols;
      float var = Q / cols - m * m;
#else
      for (; c + UNROLL <= cols; c += UNROLL)
        for (int u = 0; u < UNROLL; u++) s[u] += xr[c + u];
      for (; c < cols; c++) s[0] += xr[c];
      float S = 0.f; for (int u = 0; u < UNROLL; u++) S += s[u];
      float m = S / cols;
      for (c = 0; c + UNROLL <= cols; c += UNROLL)
        for (int u = 0; u < UNROLL; u++) { float d = xr[c + u] - m; q[u] += d * d; }
      for (; c < cols; c++) { float d = xr[c] - m; q[0] += d * d; }
      float Q = 0.f; for (int u = 0; u < UNROLL; u++) Q += q[u];
      float var = Q / cols;
#endif
      mean[k] = m; rstd[k] = 1.f / sqrtf(var + eps);
    }
    for (int k = 0; k < nb; k++) {
      const float *xr = x + (size_t)(r0 + k) * cols; float *yr = y + (size_t)(r0 + k) * cols;
      float m = mean[k], rs = rstd[k];
      for (int c = 0; c < cols; c++) yr[c] = (xr[c] - m) * rs * g[c] + b[c];
    }
  }
}
#endif
