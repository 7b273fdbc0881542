"""The colours that sheets, audits and pictures share."""

INK, MUTED, LINE, BACKGROUND = "#1F2937", "#6B7280", "#D1D5DB", "#F3F4F6"
INPUT, LINK = "#FFF3BF", "#1D4ED8"
POSITIVE, NEUTRAL, NEGATIVE = "#7EB0F2", "#FFFFFF", "#F28B7D"
GOOD, GOOD_TEXT, BAD, BAD_TEXT = "#D3F2DD", "#14532D", "#DC2626", "#FFFFFF"
UNKNOWN, UNKNOWN_TEXT = "#FDE7B0", "#7C4A03"
LOSS = "#B91C1C"
WARM = "#F9D9A8"

# Okabe and Ito's colours, told apart by every kind of eye; beyond eight series the line style changes.
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#8C7A00")
