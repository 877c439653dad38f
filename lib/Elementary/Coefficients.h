//===- Coefficients.h - Polynomials of the recipes --------------*- C++ -*-===//
//
// Written by utils/minimax.py, which says what each one approximates.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_ELEMENTARY_COEFFICIENTS_H
#define EINFALL_LIB_ELEMENTARY_COEFFICIENTS_H

namespace einfall::elementary {

// Greatest weighted error 3.74e-18.
inline constexpr double kExp64[] = {
    0x1.000000000000bp-1,  0x1.555555555555ep-3,  0x1.55555555501d7p-5,  0x1.111111110e0fdp-7,
    0x1.6c16c1856db0dp-10, 0x1.a01a01b789a12p-13, 0x1.a01996f1adfecp-16, 0x1.71dde6c859d8ap-19,
    0x1.28b01bf9423e9p-22, 0x1.af7b119a3caa7p-26};
// Greatest weighted error 3.35e-9.
inline constexpr double kExp32[] = {0x1.0000000000000p-1, 0x1.55548e0000000p-3,
                                    0x1.5554da0000000p-5, 0x1.123c200000000p-7,
                                    0x1.6d5d2a0000000p-10};
// Greatest weighted error 9.97e-8.
inline constexpr double kExp32Fast[] = {0x1.fffdbe0000000p-2, 0x1.5554620000000p-3,
                                        0x1.573d420000000p-5, 0x1.1256180000000p-7};
// Greatest weighted error 8.25e-8.
inline constexpr double kExp2Below32[] = {0x1.62e4ba0000000p-1, 0x1.ebdb6a0000000p-3,
                                          0x1.c91c0e0000000p-5, 0x1.277c300000000p-7,
                                          0x1.e968b00000000p-10};
// Greatest weighted error 4.0e-13.
inline constexpr double kLog64[] = {
    0x1.5555555555558p-1, 0x1.999999999528fp-2, 0x1.2492492e012d3p-2, 0x1.c71c62ceb1661p-3,
    0x1.7462bb62ef7d4p-3, 0x1.39fd7fc394b7ap-3, 0x1.2b63136c96d39p-3};
// Greatest weighted error 7.99e-18.
inline constexpr double kSin64[] = {-0x1.5555555555549p-3,  0x1.111111110f8a6p-7,
                                    -0x1.a01a019c1608ep-13, 0x1.71de357afc556p-19,
                                    -0x1.ae5e68799528ep-26, 0x1.5d9396376a44ap-33};
// Greatest weighted error 1.33e-18.
inline constexpr double kCos64[] = {0x1.555555555554dp-5,  -0x1.6c16c16c153f3p-10,
                                    0x1.a01a019ce7398p-16, -0x1.27e4f82c60bdfp-22,
                                    0x1.1eea01225fa7cp-29, -0x1.8fb8b404db66ap-37};
// Greatest weighted error 1.97e-16.
inline constexpr double kAtan64[] = {
    -0x1.555555555551ap-2, 0x1.999999998fe0bp-3, -0x1.2492492053eecp-3, 0x1.c71c6ff619ae3p-4,
    -0x1.745cddd817a0ap-4, 0x1.3b0f3cfc0f90ap-4, -0x1.10d6ef5af3c9dp-4, 0x1.dde77f22a7d90p-5,
    -0x1.97c03d262b783p-5, 0x1.2b50363ebbc3bp-5, -0x1.0ad2849700b02p-6};
// Greatest weighted error 7.43e-17.
inline constexpr double kAsin64[] = {
    0x1.555555555556fp-3, 0x1.333333332ee05p-4, 0x1.6db6db71963b9p-5, 0x1.f1c71abc675eep-6,
    0x1.6e8bdb16f845dp-6, 0x1.1c4a2cdb85102p-6, 0x1.ca1a6ffe1629bp-7, 0x1.75abc39670bbap-7,
    0x1.607700340a67ep-7, 0x1.f0cb053073666p-9, 0x1.60877aba0be15p-6, -0x1.53e356c9e27a4p-6,
    0x1.0a10682bcc167p-5};
// Greatest weighted error 3.76e-13.
inline constexpr double kErf64[] = {
    0x1.06eba8214db69p-3,  -0x1.812746b037a2fp-2,  0x1.ce2f21a046a49p-4,  -0x1.b82ce313dae8cp-6,
    0x1.565bcd493f82ep-8,  -0x1.c02dbff09f593p-11, 0x1.f9a4a91c2aafdp-14, -0x1.f4f198eef3a84p-17,
    0x1.bb83ed32c8017p-20, -0x1.6c89db9fe3d2bp-23, 0x1.383c9a903740cp-26, -0x1.052d60a52bb54p-29};
// Greatest weighted error 4.63e-17.
inline constexpr double kErfc64[] = {
    0x1.3ba5916e9fd7fp+0,  -0x1.1df1ad154a28ep-3,  0x1.f7f5df66faebfp-7,   0x1.16ecefcfa52f4p-4,
    -0x1.9ddb23c3d3646p-4, 0x1.7fee004e15da9p-4,   -0x1.0fb06e0088bcbp-4,  0x1.3079edf58b209p-5,
    -0x1.0962380a285cap-6, 0x1.49c6730b77234p-8,   -0x1.8d4b14b5f6531p-11, -0x1.a1dfc6924c3afp-13,
    0x1.3be9d1bfcd0f0p-13, -0x1.993bc9be6ce01p-16, -0x1.7a7100113ea2cp-17, 0x1.7d773d738002dp-18,
    0x1.b8c1fb0fd1974p-22, -0x1.9ba1ec5c6a4d0p-21, -0x1.446ad3473adf7p-24, 0x1.ce78a7335d026p-26,
    0x1.88fecb44635bep-24, 0x1.bd0a04318b447p-25,  -0x1.1874815dd1a16p-25, -0x1.6ae371f24d6f1p-26};
// Greatest weighted error 1.03e-5.
inline constexpr double kCbrt64[] = {0x1.03ed32f8e34b6p-1, 0x1.6eb106ab698c4p-1,
                                     -0x1.31bb37e927b83p-2, 0x1.5cd18621a31b7p-4,
                                     -0x1.565d3ee8172f6p-7};
// Greatest weighted error 2.85e-13.
inline constexpr double kPow64[] = {
    0x1.999999999999fp-2, 0x1.249249248e29ep-2, 0x1.c71c71d851565p-3, 0x1.745d09b9688c6p-3,
    0x1.3b18c6826a43ap-3, 0x1.10171a05964f2p-3, 0x1.088a646c505ebp-3};
// Greatest weighted error 5.94e-9.
inline constexpr double kLog32[] = {
    0x1.55554a0000000p-2, -0x1.0002220000000p-2, 0x1.99a59e0000000p-3, -0x1.5477e20000000p-3,
    0x1.226e380000000p-3, -0x1.0ce8260000000p-3, 0x1.07d0ae0000000p-3, -0x1.41b9d60000000p-4};
// Greatest weighted error 5.1e-10.
inline constexpr double kTanh32[] = {
    -0x1.5555520000000p-2, 0x1.1110380000000p-3, -0x1.b9f5e40000000p-5,  0x1.64b5820000000p-6,
    -0x1.18a14c0000000p-7, 0x1.8e3fca0000000p-9, -0x1.aaf6440000000p-11, 0x1.df6e860000000p-14};
// Greatest weighted error 1.98e-7.
inline constexpr double kTanh32Fast[] = {
    0x1.fffffa0000000p-1,   0x1.04820a0000000p-3, 0x1.6277a60000000p-9, 0x1.e4b4380000000p-18,
    -0x1.ad968e0000000p-28, 0x1.d795f20000000p-2, 0x1.76ef080000000p-6, 0x1.9ec14a0000000p-13};
// Greatest weighted error 1.02e-9.
inline constexpr double kErf32[] = {
    0x1.06eba80000000p-3, -0x1.8127400000000p-2,  0x1.ce2d6c0000000p-4,  -0x1.b802e20000000p-6,
    0x1.546c6c0000000p-8, -0x1.a853620000000p-11, 0x1.6128120000000p-14, -0x1.99a1dc0000000p-20};
// Greatest weighted error 1.19e-10.
inline constexpr double kErfc32[] = {
    0x1.20ebde0000000p+0, 0x1.4554c80000000p-1,   0x1.b0cd920000000p-4,   -0x1.7a43980000000p-6,
    0x1.a0bfb20000000p-9, -0x1.21330c0000000p-13, -0x1.dfb86a0000000p-16, 0x1.df126c0000000p-19};
// Greatest weighted error 3.25e-7.
inline constexpr double kErfNear32[] = {
    0x1.a0be8a0000000p+0,  0x1.d63bbc0000000p-1,  0x1.302dcc0000000p-3,  -0x1.d4823e0000000p-6,
    0x1.8b11da0000000p-10, 0x1.a65e1e0000000p-11, -0x1.469c120000000p-13};
// Greatest weighted error 3.09e-7.
inline constexpr double kExp2Near32[] = {0x1.62e4300000000p-1, 0x1.ebfa4c0000000p-3,
                                         0x1.c6af580000000p-5, 0x1.3cbf2c0000000p-7,
                                         0x1.5f1e860000000p-10};

} // namespace einfall::elementary

#endif
