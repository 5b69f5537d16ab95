"""Sizes and md5 sums of the published files, as their publishers state them.

Data only; `releases` turns the rows into files with names and addresses.

Sources
-------
Phase 3: names, bytes and md5 as published for the release directory,
https://ftp.1000genomes.ebi.ac.uk/vol1/ftp/release/20130502/ (current versions), and the
same directory as it stood before, which NCBI and Amazon S3 still mirror (previous ones).
30x panel: the md5 list beside the files,
https://ftp.1000genomes.ebi.ac.uk/vol1/ftp/data_collections/1000G_2504_high_coverage/working/20220422_3202_phased_SNV_INDEL_SV/
Its sizes are not in that list, so they are not known here.
Panels: computed from copies of the official files (2504 and 1233 samples).
"""

from __future__ import annotations

__all__ = ["HIGHCOV_VCFS", "PHASE3_PANEL", "PHASE3_PANEL_MALES", "PHASE3_VCFS"]

PHASE3_VCFS: tuple[tuple[str, str, int, str], ...] = (
    ("1", "v5b", 1_165_011_543, "76f1d3fef27c6c3f451cdfc515250a0e"),
    ("1", "v5a", 1_216_886_729, "609b38c12de89175b3d85c1588e4905c"),
    ("2", "v5b", 1_255_861_869, "4fc3dd4bbc0fd7d047e1a38ccae51dc0"),
    ("2", "v5a", 1_312_735_578, "774370621affaf125e6994089f975ed7"),
    ("3", "v5b", 1_058_895_733, "f27b47d7434f5f58b0e5097df30acda4"),
    ("3", "v5a", 1_105_776_520, "189c5954194dffb8c596928505fdde80"),
    ("4", "v5b", 1_071_020_149, "1de7ffb1aa01656b7559d73a482acb82"),
    ("4", "v5a", 1_117_054_318, "811b8984ac57263509fd8a1038b757da"),
    ("5", "v5b", 946_995_712, "76af4f5b3204139d29115b1701910431"),
    ("5", "v5a", 989_263_345, "b8264a389a775ed0719ad5febaa84426"),
    ("6", "v5b", 959_144_250, "d07ea7a9a5a5b70aed62d10f917e1f64"),
    ("6", "v5a", 999_436_830, "9be06b094cc80281c9aec651d657abb9"),
    ("7", "v5b", 870_098_463, "3b81104f55dd24a2b36c3b91db88f26e"),
    ("7", "v5a", 908_031_088, "c9c134cb8f212a55426a522afccf8ec7"),
    ("8", "v5b", 824_304_010, "24603a0882488202b8c31752ffe94739"),
    ("8", "v5a", 861_233_457, "1e70c4c26b7e58713ce040908457f2fc"),
    ("9", "v5b", 644_258_549, "c2f13509bb00ce54e512ded8ba456f7a"),
    ("9", "v5a", 672_879_733, "f05ff2cfd56820bb9be0059b4563cde1"),
    ("10", "v5b", 741_683_063, "45814b06e651f8fb409364aa6d65257e"),
    ("10", "v5a", 773_788_987, "02989c18b5b0cec2bb04c63e544bc1b5"),
    ("11", "v5b", 734_583_405, "24944ac61e6084450a7067863165d49c"),
    ("11", "v5a", 767_084_423, "485a2030161438bd0e8d8bd4a5f90052"),
    ("12", "v5b", 710_187_972, "86a557cb3fd8ce9eb7146a0208e16868"),
    ("12", "v5a", 740_805_962, "151bb5d5717c2939c6be7e8d4338f760"),
    ("13", "v5b", 533_918_831, "0e75119bfdcee3ca182f030016f58e7b"),
    ("13", "v5a", 556_832_848, "0eece6b326742ba21e34086683ba9119"),
    ("14", "v5b", 485_261_255, "9e10c5b6735365ecdc09f808ca78b1ed"),
    ("14", "v5a", 506_573_037, "c05112d23b4d96ac3a6496ddd40d10d6"),
    ("15", "v5b", 438_397_058, "27173fee9eded2008544cf7b047779b0"),
    ("15", "v5a", 457_900_567, "f086da52a7debafa8f0ab8e66c245814"),
    ("16", "v5b", 473_472_094, "9e1029ad424404988b792d73fb079ecc"),
    ("16", "v5a", 495_134_005, "d31c6ef7d2db68f36ed78e8c81f0dc64"),
    ("17", "v5b", 415_901_551, "242e9f5a1138d0f8d3eaa4210699f819"),
    ("17", "v5a", 434_623_611, "c2501a3d1b2b00128fc4199b129d8d69"),
    ("18", "v5b", 418_186_091, "13fcdbb895b98c9ce666d5873adea31b"),
    ("18", "v5a", 436_425_683, "2105db9cb91205c6a41df9e799238e49"),
    ("19", "v5b", 344_793_450, "59f54963911c654d5d8d2abfa4ed3da0"),
    ("19", "v5a", 359_519_603, "ee2fbab428b8a2ef7c11fcb2e7ce5d28"),
    ("20", "v5b", 327_135_853, "b53bcd63e8a48b8c794ab3fbb27003fc"),
    ("20", "v5a", 341_680_844, "249325e845faf8e0f35410e439ad61a2"),
    ("21", "v5b", 209_774_472, "937410d1d04b63261e5f666d81f03905"),
    ("21", "v5a", 218_612_970, "0fd8e99bf33a978dc51921d378fafcde"),
    ("22", "v5b", 205_612_353, "afdf383a32fcef939ca8a468bef23759"),
    ("22", "v5a", 214_453_750, "ad7d6e0c05edafd7faed7601f7f3eaba"),
    ("X", "v1c", 1_908_425_030, "4ee24bf00536dee6c3eeb6241d426dda"),
    ("X", "v1b", 1_923_680_177, "0e44780613a245c84eedd4776021cfe5"),
    ("Y", "v2b", 5_656_911, "e1e56e29efad64c002e5e9749f85350f"),
    ("Y", "v2a", 5_719_126, "388fb466c983d4bec2082941647409f3"),
    ("Y", "v1b", 5_867_368, "6702396649ce15ec57a0163a89fa1024"),
    ("MT", "v0_4", 206_142, "bcec4336e09a4f65c7161bcbe32884a9"),
)
"""(chrom, version, bytes, md5), each chromosome's current version before its previous ones."""

PHASE3_PANEL: tuple[int, str] = (55_156, "7ee5675553088230530a7fe88c22f201")
"""Bytes and md5 of integrated_call_samples_v3.20130502.ALL.panel."""

PHASE3_PANEL_MALES: tuple[int, str] = (25_923, "d1e59867b4d4ce43092a45a479496b80")
"""Bytes and md5 of integrated_call_male_samples_v3.20130502.ALL.panel."""

HIGHCOV_VCFS: tuple[tuple[str, str], ...] = (
    ("1", "589762a43c412a34ff2dd76b009f06c6"),
    ("2", "0f00e90423da451798a87c037a440669"),
    ("3", "e13293cc80e060d731a0f3ce453168a1"),
    ("4", "637cb88918fb8816cefb893f2422fe6e"),
    ("5", "662dd03be57e9239eb693917edcce3fe"),
    ("6", "cc120eac122f422e7022817ba944acea"),
    ("7", "58a1da5c2cc6b3662f952887a54d187e"),
    ("8", "9c7359e9bd06a923fa7a2daa55dd2a82"),
    ("9", "c6832a28e977dafb9613b3d4f9a941df"),
    ("10", "1f0666ceb4818bc60936013a9e64473c"),
    ("11", "76e53c142f60f7305cc0c0380f02326a"),
    ("12", "7609c8f8b1116d51357bbcb3f3c8b194"),
    ("13", "d6b1dbeaa98f375824172ad28b9d0c34"),
    ("14", "daac8b8431cd8eb360e86f709361dfa7"),
    ("15", "b24a888029664f0f7a3b2bf8dffe00d1"),
    ("16", "4566018235a48c73b449c7d888427fd8"),
    ("17", "bdebafdef3fbbcf3a60ef114aa9ff362"),
    ("18", "64440c87109e9d12222300912e71cff2"),
    ("19", "cf5c060fbcc0fcd2fa089f27fd6ac78e"),
    ("20", "34a9a5dbfb285e7eb9d1f2881953014b"),
    ("21", "1eb1f48bf5608d3abacf5047c8889456"),
    ("22", "a2653cc7a1c8d03a96ca4f14d0fabdd2"),
    ("X", "d2c80aa7b3bcb8f895f98fd5779fb448"),
)
"""(chrom, md5) of the 30x phased panel, GRCh38."""
