Attribute VB_Name = "S6Describe"
Option Explicit
' Tells Excel's function wizard what each function and each of its arguments is.

Public Sub S6_DescribeFunctions()
    Dim hidden As Boolean, saved As Boolean
    hidden = ThisWorkbook.IsAddin
    saved = ThisWorkbook.Saved
    ' Without descriptions the functions work as well: no error may disturb the opening.
    On Error GoTo Done
    Application.ScreenUpdating = False
    ' Excel refuses to describe what is in a hidden workbook, as an add-in is.
    If hidden Then ThisWorkbook.IsAddin = False
    S6_DescribeEach
Done:
    If hidden Then ThisWorkbook.IsAddin = True
    ThisWorkbook.Saved = saved
    Application.ScreenUpdating = True
End Sub

Public Sub S6_Describe(name As String, description As String, arguments As Variant)
    Application.MacroOptions Macro:="'" & Replace(ThisWorkbook.Name, "'", "''") & "'!" & name, Description:=description, _
        Category:="S6", ArgumentDescriptions:=arguments
End Sub
