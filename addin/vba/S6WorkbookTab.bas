Attribute VB_Name = "S6WorkbookTab"
Option Explicit
' A workbook's own tab hides where the add-in is loaded, which has the same one.

Public Sub S6_GetVisible(control As IRibbonControl, ByRef visible As Variant)
    Dim addIn As Workbook
    On Error Resume Next
    Set addIn = Workbooks("s6.xlam")
    visible = addIn Is Nothing
End Sub
