Attribute VB_Name = "S6Ribbon"
Option Explicit
Private Const AddInName As String = "s6.xlam"
' The tab S6. Every button starts Python, which starts a process of its own and returns at once.

Public Sub S6_Press(control As IRibbonControl)
    S6_Run control.ID
End Sub

Public Sub S6_Run(action As String)
    Dim spare As Workbook, message As String
    On Error GoTo Failed
    ' RunPython cannot do without an active workbook.
    If ActiveWorkbook Is Nothing Then Set spare = Workbooks.Add
    RunPython "from s6xl.live import ribbon; ribbon.press('" & action & "')"
    If Not spare Is Nothing Then spare.Close SaveChanges:=False
    Exit Sub
Failed:
    message = Err.Description
    If Not spare Is Nothing Then spare.Close SaveChanges:=False
    MsgBox "S6 could not start Python: " & message & vbCrLf & vbCrLf & _
        "Run python -m s6xl doctor in a terminal: it says what is missing and how to get it.", vbExclamation, "S6"
End Sub

' Where the add-in is loaded, a workbook's own tab of the same buttons hides.
Public Sub S6_GetVisible(control As IRibbonControl, ByRef visible As Variant)
    Dim book As Workbook
    visible = True
    If LCase$(ThisWorkbook.Name) = AddInName Then Exit Sub
    On Error Resume Next
    Set book = Workbooks(AddInName)
    visible = book Is Nothing
End Sub
