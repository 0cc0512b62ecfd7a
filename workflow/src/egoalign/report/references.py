"""The works that the methods text cites."""

from __future__ import annotations

REFERENCES = {
    "study": (
        "Assessing the alignment between infants' visual and linguistic experience using "
        "multimodal language models (2025). arXiv:2511.18824."
    ),
    "clip": (
        "Radford, A., Kim, J. W., Hallacy, C., et al. (2021). Learning transferable visual models "
        "from natural language supervision. Proceedings of ICML, PMLR 139, 8748-8763."
    ),
    "open_clip": (
        "Ilharco, G., Wortsman, M., Wightman, R., et al. (2021). OpenCLIP. Zenodo. "
        "doi:10.5281/zenodo.5143773"
    ),
    "laion": (
        "Schuhmann, C., Beaumont, R., Vencu, R., et al. (2022). LAION-5B: An open large-scale "
        "dataset for training next generation image-text models. NeurIPS Datasets and Benchmarks."
    ),
    "datacomp": (
        "Gadre, S. Y., Ilharco, G., Fang, A., et al. (2023). DataComp: In search of the next "
        "generation of multimodal datasets. NeurIPS Datasets and Benchmarks."
    ),
    "siglip": (
        "Zhai, X., Mustafa, B., Kolesnikov, A., & Beyer, L. (2023). Sigmoid loss for language "
        "image "
        "pre-training. Proceedings of ICCV."
    ),
    "metaclip": (
        "Xu, H., Xie, S., Tan, X. E., et al. (2024). Demystifying CLIP data. Proceedings of ICLR."
    ),
    "eva": (
        "Sun, Q., Fang, Y., Wu, L., Wang, X., & Cao, Y. (2023). EVA-CLIP: Improved training "
        "techniques for CLIP at scale. arXiv:2303.15389."
    ),
    "snakemake": (
        "Mölder, F., Jablonski, K. P., Letcher, B., et al. (2021). Sustainable data analysis with "
        "Snakemake. F1000Research, 10, 33. doi:10.12688/f1000research.29032"
    ),
    "lme4": (
        "Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear mixed-effects "
        "models using lme4. Journal of Statistical Software, 67(1). doi:10.18637/jss.v067.i01"
    ),
    "lmertest": (
        "Kuznetsova, A., Brockhoff, P. B., & Christensen, R. H. B. (2017). lmerTest package: Tests "
        "in linear mixed effects models. Journal of Statistical Software, 82(13). "
        "doi:10.18637/jss.v082.i13"
    ),
    "nakagawa": (
        "Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining R2 from "
        "generalized linear mixed-effects models. Methods in Ecology and Evolution, 4, 133-142."
    ),
    "holm": (
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian "
        "Journal of Statistics, 6, 65-70."
    ),
    "krippendorff": (
        "Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of "
        "Pennsylvania."
    ),
    "wichmann": (
        "Wichmann, F. A., & Hill, N. J. (2001). The psychometric function: I. Fitting, sampling, "
        "and goodness of fit. Perception & Psychophysics, 63, 1293-1313."
    ),
    "dawid": (
        "Dawid, A. P., & Skene, A. M. (1979). Maximum likelihood estimation of observer "
        "error-rates "
        "using the EM algorithm. Journal of the Royal Statistical Society C, 28, 20-28."
    ),
    "rogan": (
        "Rogan, W. J., & Gladen, B. (1978). Estimating prevalence from the results of a screening "
        "test. American Journal of Epidemiology, 107, 71-76."
    ),
    "wordfreq": "Speer, R. (2022). rspeer/wordfreq: v3.0. Zenodo. doi:10.5281/zenodo.7199437",
    "hanta": (
        "Wartena, C. (2019). A probabilistic morphology model for German lemmatization. "
        "Proceedings "
        "of KONVENS."
    ),
}
"""By the key that the text uses."""

SHORT = {
    "study": "arXiv:2511.18824",
    "clip": "Radford et al., 2021",
    "open_clip": "Ilharco et al., 2021",
    "laion": "Schuhmann et al., 2022",
    "datacomp": "Gadre et al., 2023",
    "siglip": "Zhai et al., 2023",
    "metaclip": "Xu et al., 2024",
    "eva": "Sun et al., 2023",
    "snakemake": "Mölder et al., 2021",
    "lme4": "Bates et al., 2015",
    "lmertest": "Kuznetsova et al., 2017",
    "nakagawa": "Nakagawa & Schielzeth, 2013",
    "holm": "Holm, 1979",
    "krippendorff": "Krippendorff, 2011",
    "wichmann": "Wichmann & Hill, 2001",
    "dawid": "Dawid & Skene, 1979",
    "rogan": "Rogan & Gladen, 1978",
    "wordfreq": "Speer, 2022",
    "hanta": "Wartena, 2019",
}
"""How the text cites them."""

OF_WEIGHTS = (
    ("openai", "clip"),
    ("laion", "laion"),
    ("datacomp", "datacomp"),
    ("commonpool", "datacomp"),
    ("webli", "siglip"),
    ("metaclip", "metaclip"),
    ("eva", "eva"),
    ("merged2b", "eva"),
)
"""Parts of a model's name or weights, and the work that these come from."""
