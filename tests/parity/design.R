# Makes design.json from design_table.csv: R's model.matrix of each formula, and lme4's random terms.
# Run from this folder: Rscript design.R
suppressMessages(library(lme4))
Sys.setlocale("LC_COLLATE", "C")
table <- read.csv("design_table.csv", stringsAsFactors = TRUE)

numbers <- function(x) paste0("[", paste(sprintf("%.15g", x), collapse = ", "), "]")
columns <- function(m) paste0("[", paste(apply(m, 2, numbers), collapse = ",\n   "), "]")

fixed <- c(
  "y ~ 1", "y ~ x", "y ~ 0 + x", "y ~ f", "y ~ 0 + f", "y ~ f + h", "y ~ 0 + f + h", "y ~ f * h",
  "y ~ 0 + f:h", "y ~ h:x + f", "y ~ f:x", "y ~ x + f:x", "y ~ f / x", "y ~ h / f",
  "y ~ (f + h + x)^2", "y ~ f * h * x", "y ~ x + f:h", "y ~ h + f:h", "y ~ f * h - h",
  "y ~ poly(x, 3)", "y ~ f * poly(x, 2)", "y ~ scale(x) + log(x) + I(x^2)", "y ~ 0 + h:f:x + h"
)
sums <- c("y ~ f", "y ~ f * h", "y ~ 0 + f + h", "y ~ f * x")
random <- c(
  "y ~ x + (1 + x | g)", "y ~ x + (0 + f | g)", "y ~ x + (f | g)", "y ~ x + (1 + f:h | s)",
  "y ~ x + (x || g)", "y ~ x + (1 | h/g)", "y ~ x + (1 + x | h:s)"
)

matrices <- function(formulas, contrasts = NULL) sapply(formulas, function(text) {
  m <- model.matrix(as.formula(text), table, contrasts.arg = contrasts)
  paste0("  {\"formula\": \"", text, "\", \"columns\": ", columns(m), "}")
})
terms <- sapply(random, function(text) {
  # y is not fitted, so that terms with many effects are built as well.
  control <- lmerControl(check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore",
                         check.nobs.vs.rankZ = "ignore")
  parsed <- lFormula(as.formula(text), table, control = control)$reTrms
  blocks <- mapply(function(block, group) {
    k <- nrow(block) / nlevels(parsed$flist[[group]])
    codes <- as.integer(parsed$flist[[group]])
    z <- t(as.matrix(block))
    own <- t(sapply(seq_along(codes), function(i) z[i, (codes[i] - 1) * k + seq_len(k)]))
    if (k == 1) own <- t(own)
    paste0("{\"group\": \"", group, "\", \"codes\": ", numbers(codes - 1),
           ", \"columns\": ", columns(own), "}")
  }, parsed$Ztlist, names(parsed$flist)[attr(parsed$flist, "assign")])
  paste0("  {\"formula\": \"", text, "\", \"terms\": [", paste(blocks, collapse = ",\n   "), "]}")
})
section <- function(name, parts) paste0(" \"", name, "\": [\n", paste(parts, collapse = ",\n"), "\n ]")
writeLines(paste0("{\n", paste(c(
  section("treatment", matrices(fixed)),
  section("sum", matrices(sums, list(f = contr.sum, h = contr.sum)[1:2])),
  section("random", terms)), collapse = ",\n"), "\n}"), "design.json")
